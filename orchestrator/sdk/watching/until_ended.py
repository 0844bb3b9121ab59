"""Looking at a flow run that executes elsewhere, until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from orchestrator.contract.states import TERMINAL
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ServerUnreachable
from orchestrator.sdk.timing.pace import growing_intervals
from orchestrator.sdk.watching.flow_run_watch import FlowRunWatch


def looks_until_ended(
    client: Client,
    run: dict[str, Any],
    *,
    timeout: float | None,
    poll_interval: float,
    stop: Callable[[], BaseException | None] = lambda: None,
) -> Iterator[dict[str, Any]]:
    """The run as it is, and as it is each time that the server is asked: at once after a push, else every so often.

    The last one has ended, or is how the run was when the time was over. `timeout` and `poll_interval` are in seconds.
    A server that does not answer is asked again. Raises what `stop()` gives, and ObjectNotFound for a run that is gone.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with FlowRunWatch(client, str(run["id"])) as watch:
        for seconds in growing_intervals(poll_interval):
            yield run
            left = seconds if deadline is None else min(seconds, deadline - time.monotonic())
            if left <= 0 or has_ended(run):
                return
            watch.wait(left, stopped=lambda: stop() is not None)
            if (stopped := stop()) is not None:
                raise stopped
            run = _looked_at(client, run)


def has_ended(run: dict[str, Any]) -> bool:
    return bool(run.get("state")) and run["state"]["type"] in TERMINAL


def _looked_at(client: Client, run: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(client.ask("GET", f"/flow_runs/{run['id']}", patience_seconds=0))
    except ServerUnreachable:
        return run  # it may go on meanwhile
