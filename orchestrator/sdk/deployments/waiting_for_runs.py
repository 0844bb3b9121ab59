"""Waiting for a flow run that somebody else started."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.deployments.run_deployment import DeploymentRun
from orchestrator.sdk.errors import WaitTimeout
from orchestrator.sdk.options.checks import checked_id, checked_seconds
from orchestrator.sdk.recording.logs import get_logger
from orchestrator.sdk.watching.until_ended import has_ended, looks_until_ended

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
    `poll_interval` seconds, None is 5. `log_states` logs every state that is seen. `client` is one that `get_client()`
    gives, None asks the server of this process. In async code: `await wait_for_flow_run(…)`.

    Raises WaitTimeout when the time is over, ObjectNotFound when there is no such run, MissingContext without a server.
    """
    run_id = str(checked_id(flow_run_id, "flow_run_id"))
    timeout = checked_seconds(timeout, "timeout", without="to wait until the end")
    most = checked_seconds(poll_interval, "poll_interval", zero=False, without="for 5 seconds") or _POLL_SECONDS
    api = needed_client("wait_for_flow_run()") if client is None else _client_of(client)
    run, seen = DeploymentRun(api.ask("GET", f"/flow_runs/{run_id}")), None
    for each in looks_until_ended(api, run, timeout=timeout, poll_interval=most):
        run = DeploymentRun(each)
        seen = _told(run, seen) if log_states else None
    if not has_ended(run):
        raise WaitTimeout(f"Flow run {run['name']!r} has not ended within {timeout:g} seconds; it is {run.state}")
    return run


def _client_of(given: Any) -> Client:
    from orchestrator.sdk.server_client.awaiting import OrchestratorClient
    from orchestrator.sdk.server_client.blocking import SyncOrchestratorClient

    if not isinstance(given, (OrchestratorClient, SyncOrchestratorClient)):
        raise ValueError(f"client is {given!r}; one that get_client() gives is needed")
    return given._client


def _told(run: DeploymentRun, seen: str | None) -> str | None:
    """Log the run's state unless it was the last one that was; returns its id."""
    state = run.state
    if state is not None and str(run["state"]["id"]) != seen:
        get_logger("flow_runs").info("Flow run %r is %s", run["name"], state)
    return str(run["state"]["id"]) if state is not None else seen
