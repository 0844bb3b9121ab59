"""What all methods of a client are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import FilterError, ObjectNotFound
from orchestrator.sdk.server_client.forms import Form
from orchestrator.sdk.server_client.records import Record
from orchestrator.sdk.server_client.run_filters import DeploymentFilter, FlowFilter, FlowRunFilter, TaskRunFilter
from orchestrator.sdk.server_client.thing_filters import WorkPoolFilter, WorkQueueFilter

Id: TypeAlias = UUID | str
Given: TypeAlias = Form | Mapping[str, Any]  # a form of the kind that the method's name says, or a dict
R = TypeVar("R", bound=Record)


class Calls:
    """Asks one server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return self._client.transport.address

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return self._client.ask(method, path, body)

    def _one(self, kind: type[R], method: str, path: str, body: Any = None) -> R:
        return kind(self._ask(method, path, body))

    def _many(self, kind: type[R], method: str, path: str, body: Any = None) -> list[R]:
        return [kind(each) for each in self._ask(method, path, body)]

    def _one_or_none(self, kind: type[R], path: str) -> R | None:
        try:
            return self._one(kind, "GET", path)
        except ObjectNotFound:
            return None

    def _done(self, method: str, path: str, body: Any = None) -> None:
        self._client.send(method, path, body)

    def _made(self, path: str, body: Any) -> UUID:
        """The id of what was made."""
        return UUID(str(self._ask("POST", path, body)["id"]))


def said(**fields: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def search(
    *,
    flow_filter: Given | None = None,
    flow_run_filter: Given | None = None,
    task_run_filter: Given | None = None,
    deployment_filter: Given | None = None,
    work_pool_filter: Given | None = None,
    work_queue_filter: Given | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """The body of a search among runs, flows and deployments."""
    return said(
        flows=wire(FlowFilter, flow_filter, "flow_filter"),
        flow_runs=wire(FlowRunFilter, flow_run_filter, "flow_run_filter"),
        task_runs=wire(TaskRunFilter, task_run_filter, "task_run_filter"),
        deployments=wire(DeploymentFilter, deployment_filter, "deployment_filter"),
        work_pools=wire(WorkPoolFilter, work_pool_filter, "work_pool_filter"),
        work_pool_queues=wire(WorkQueueFilter, work_queue_filter, "work_queue_filter"),
        **fields,
    )


def wire(kind: type[Form], given: Given | None, name: str) -> dict[str, Any] | None:
    """A filter as it is sent. Raises FilterError for what is none."""
    return None if given is None else kind.of(given, name=name).model_dump()


def ident(given: Any) -> str:
    """An id as it stands in a path. Raises FilterError for what is none."""
    try:
        return str(given if isinstance(given, UUID) else UUID(str(given)))
    except ValueError:
        raise FilterError(f"{given!r} is no id; a UUID is needed") from None


def part(name: Any) -> str:
    """A name as it stands in a path."""
    if not isinstance(name, str) or not name:
        raise FilterError(f"{name!r} is no name; a text is needed")
    return quote(name, safe="")


def query(**fields: Any) -> str:
    """`?…` of what is not None."""
    shown = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in fields.items()
        if value is not None
    }
    return f"?{urlencode(shown)}" if shown else ""
