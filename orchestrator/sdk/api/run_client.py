"""The server and the run, as the functions see them that authors call."""

from __future__ import annotations

from orchestrator.sdk.api.client import Client, current_client
from orchestrator.sdk.context import current_flow_run, current_task_run
from orchestrator.sdk.errors import MissingContext


def client_of_run() -> Client | None:
    """That of the flow run which calls, else what the environment says. None: there is no server."""
    flow_run = current_flow_run.get()
    return flow_run.client if flow_run is not None else current_client()


def needed_client(what: str) -> Client:
    """`client_of_run`, or MissingContext: `what` says what is wanted, as the beginning of a sentence."""
    client = client_of_run()
    if client is None:
        raise MissingContext(needs_server(what))
    return client


def needs_server(what: str) -> str:
    """The sentence that says so, and what to do."""
    return f"{what} needs a server: set ORCHESTRATOR_API_URL, for example to http://127.0.0.1:4200/api"


def ids_of_run() -> tuple[str | None, str | None]:
    """The ids of the flow run and of the task run that call; None where there is none."""
    flow_run, task_run = current_flow_run.get(), current_task_run.get()
    if flow_run is None and task_run is not None:
        flow_run = task_run.flow_run
    return (flow_run.id or None) if flow_run is not None else None, task_run.id if task_run is not None else None
