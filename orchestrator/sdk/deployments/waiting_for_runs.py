"""Waiting for a flow run that somebody else started."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.deployments.run_deployment import DeploymentRun
from orchestrator.sdk.errors import ServerUnreachable, WaitTimeout
from orchestrator.sdk.options.checks import checked_id, checked_seconds
from orchestrator.sdk.recording.logs import get_logger
from orchestrator.sdk.timing.pace import growing_intervals
from orchestrator.sdk.watching.flow_run_watch import FlowRunWatch

LONGEST_SECONDS = 3 * 3600.0
_POLL_SECONDS = 5.0


@both_ways
def wait_for_flow_run(
    flow_run_id: UUID | str,
    timeout: float | None = LONGEST_SECONDS,
    poll_interval: float | None = None,
    client: Any = None,
    log_states: bool = False,
) -> DeploymentRun:
    """The flow run, once it has ended, however it ended: `run.state.result()` raises for one that failed.

    `timeout` is in seconds; None waits until the end. The server pushes the end; without that, it is noticed within
    `poll_interval` seconds, None is 5. `log_states` logs every state that is seen. It speaks to the server of this
    process, as every `client` does that `get_client()` gives. In async code: `await wait_for_flow_run(…)`.

    Raises WaitTimeout when the time is over, ObjectNotFound when there is no such run, MissingContext without a server.
    """
    run_id = str(checked_id(flow_run_id, "flow_run_id"))
    timeout = checked_seconds(timeout, "timeout", without="to wait until the end")
    most = checked_seconds(poll_interval, "poll_interval", zero=False, without="for 5 seconds") or _POLL_SECONDS
    api = needed_client("wait_for_flow_run()")
    deadline = None if timeout is None else time.monotonic() + timeout
    run = DeploymentRun(api.ask("GET", f"/flow_runs/{run_id}"))
    with FlowRunWatch(api, run_id) as watch:
        seen = _told(run, None) if log_states else None
        for seconds in growing_intervals(most):
            if run.state is not None and run.state.is_terminal:
                return run
            left = seconds if deadline is None else min(seconds, deadline - time.monotonic())
            if left <= 0:
                break
            watch.wait(left)
            run = _looked_at(api, run)
            seen = _told(run, seen) if log_states else None
    raise WaitTimeout(f"Flow run {run['name']!r} has not ended within {timeout:g} seconds; it is {run.state}")


def _looked_at(client: Client, run: DeploymentRun) -> DeploymentRun:
    try:
        return DeploymentRun(client.ask("GET", f"/flow_runs/{run['id']}", patience_seconds=0))
    except ServerUnreachable:
        return run  # the run may go on meanwhile


def _told(run: DeploymentRun, seen: str | None) -> str | None:
    """Log the run's state unless it was the last one that was; returns its id."""
    state = run.state
    if state is not None and str(run["state"]["id"]) != seen:
        get_logger("flow_runs").info("Flow run %r is %s", run["name"], state)
    return str(run["state"]["id"]) if state is not None else seen
