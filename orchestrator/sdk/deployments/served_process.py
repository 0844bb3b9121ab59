"""The process of one run of a served deployment: `python -m orchestrator.sdk.deployments.served_process`.

It reads the run as JSON from standard input.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time

from orchestrator.sdk.deployments.served_run import CANCEL_SIGNAL, ORPHAN_SIGNAL, SUSPEND_SIGNAL
from orchestrator.sdk.errors import RunCancelled, RunStopped, RunSuspended
from orchestrator.sdk.processes.child_processes import die_with_parent

_SECONDS_TO_BEGIN = 30.0  # for which a stop waits for the run to listen


def main() -> None:
    """Execute the run that standard input describes."""
    from orchestrator.sdk.flows.claimed_runs import propose_final_state, run_claimed_flow
    from orchestrator.sdk.flows.loading import opened_flow
    from orchestrator.sdk.outcomes.states import Crashed

    task = json.load(sys.stdin)
    flow_run = task["flow_run"]
    _listen(str(flow_run["id"]))
    die_with_parent(task["parent"], ORPHAN_SIGNAL)
    try:
        with opened_flow(task["entrypoint"], directory=task["directory"]) as flow:
            run_claimed_flow(flow, flow_run=flow_run)
    except BaseException as error:  # noqa: BLE001 - what the author's file raises when it is imported ends the run
        message = f"The flow {task['entrypoint']!r} could not be loaded from {task['directory']}: {error!r}"
        propose_final_state(Crashed(message=message), flow_run=flow_run)


def _listen(flow_run_id: str) -> None:
    stops: dict[int, RunStopped] = {
        CANCEL_SIGNAL: RunCancelled("The run was cancelled."),
        ORPHAN_SIGNAL: RunStopped("The process that served the deployment has ended."),
        SUSPEND_SIGNAL: RunSuspended(),
    }

    def on_signal(number: int, frame: object) -> None:
        # A stop may only come from another thread than the run's.
        threading.Thread(target=_stop, args=(flow_run_id, stops[number]), daemon=True).start()

    for number in stops:
        signal.signal(number, on_signal)


def _stop(flow_run_id: str, stop: RunStopped) -> None:
    from orchestrator.sdk.engine.stopping import stop_run

    deadline = time.monotonic() + _SECONDS_TO_BEGIN
    while not stop_run(flow_run_id, stop) and time.monotonic() < deadline:
        time.sleep(0.1)


if __name__ == "__main__":
    main()
