"""A run in a fresh process instead of the warm child: the job variable `isolation: "process"`.

It costs the start of an interpreter, and leaves nothing at all behind. Run as `python -m orchestrator.worker.isolated`,
with a Task as JSON on standard input.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestrator.sdk.deployments.served_run import SUSPEND_SIGNAL
from orchestrator.sdk.errors import ClaimLost, RunCancelled, RunStopped, RunSuspended
from orchestrator.sdk.processes.child_processes import die_with_parent, how_it_ended
from orchestrator.worker.surroundings import BadRunSetting

CANCEL_SIGNAL = signal.SIGTERM
CLAIM_LOST_SIGNAL = signal.SIGINT


@dataclass(frozen=True, slots=True)
class Task:
    """What the fresh process needs to know."""

    flow_run: dict[str, Any]
    claim_id: str
    entrypoint: str | None
    directory: str
    soft_limit_seconds: float | None
    log_descriptor: int  # where the worker's own log goes, past the capture
    parent: int  # the process id of the warm child


class ProcessDied(Exception):
    """The fresh process was killed before it could end the run."""


class IsolatedRun:
    """The warm child's view of the fresh process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def execute(self, task: Task) -> None:
        """Returns when the run has ended. Raises ProcessDied."""
        command = [sys.executable, "-P", "-m", "orchestrator.worker.isolated"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[task.log_descriptor]) as process:
            self._process = process
            if process.stdin is not None:
                process.stdin.write(json.dumps(asdict(task)).encode())
                process.stdin.close()
        if process.returncode != 0:
            raise ProcessDied(f"The process that executed the run died: {how_it_ended(process.returncode)}.")

    def stop(self, stop: RunStopped) -> bool:
        """Pass a stop on. False when there is no process yet."""
        if self._process is None:
            return False
        self._process.send_signal(_signal_for(stop))
        return True


def main() -> None:
    """Execute the run that standard input describes."""
    from orchestrator.sdk.flows.claimed_runs import propose_final_state, run_claimed_flow
    from orchestrator.sdk.outcomes.states import Crashed
    from orchestrator.worker.children import set_up_run_log
    from orchestrator.worker.loading import flow_of_run

    task = Task(**json.load(sys.stdin))
    die_with_parent(task.parent)
    os.set_inheritable(task.log_descriptor, False)
    set_up_run_log(os.fdopen(task.log_descriptor, "w", buffering=1))
    _listen(task.flow_run["id"])
    directory = Path(task.directory)
    try:
        with flow_of_run(task.entrypoint, directory=directory, soft_limit_seconds=task.soft_limit_seconds) as flow:
            run_claimed_flow(flow, flow_run=task.flow_run, claim_id=task.claim_id)
    except BadRunSetting as error:
        propose_final_state(Crashed(message=str(error)), flow_run=task.flow_run, claim_id=task.claim_id)


def _listen(flow_run_id: str) -> None:
    """Turn the signals into stops. A stop may only come from another thread than the run's."""
    from orchestrator.sdk.engine.stopping import stop_run

    stops: dict[int, RunStopped] = {
        CANCEL_SIGNAL: RunCancelled("The run was cancelled."),
        CLAIM_LOST_SIGNAL: ClaimLost("The claim is lost."),
        SUSPEND_SIGNAL: RunSuspended(),
    }

    def on_signal(number: int, frame: object) -> None:
        threading.Thread(target=stop_run, args=(flow_run_id, stops[number]), daemon=True).start()

    for number in stops:
        signal.signal(number, on_signal)


def _signal_for(stop: RunStopped) -> int:
    if isinstance(stop, RunSuspended):
        return SUSPEND_SIGNAL
    return CLAIM_LOST_SIGNAL if isinstance(stop, ClaimLost) else CANCEL_SIGNAL


if __name__ == "__main__":
    main()
