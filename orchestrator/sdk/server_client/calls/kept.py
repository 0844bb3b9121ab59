"""What runs leave: log lines, artifacts, variables, events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchestrator.sdk.errors import FilterError
from orchestrator.sdk.server_client.bodies import (
    ArtifactCreate,
    ArtifactUpdate,
    LogCreate,
    VariableCreate,
    VariableUpdate,
)
from orchestrator.sdk.server_client.calls.core import Calls, Given, Id, ident, part, said, wire
from orchestrator.sdk.server_client.records import ArtifactRecord, EventPage, Log, VariableRecord
from orchestrator.sdk.server_client.run_filters import FlowRunFilter, LogFilter, TaskRunFilter
from orchestrator.sdk.server_client.thing_filters import ArtifactCollectionFilter, ArtifactFilter, EventFilter

_PAGE = 50  # of events, the most that are given at once


class KeptCalls(Calls):
    """What can be asked about logs, artifacts, variables and events."""

    def read_logs(
        self,
        log_filter: Given | None = None,
        limit: int | None = None,
        offset: int | None = None,
        sort: str | None = None,
    ) -> list[Log]:
        """The log lines that the filter means, the oldest first."""
        logs = wire(LogFilter, log_filter, "log_filter")
        return self._many(Log, "POST", "/logs/filter", said(logs=logs, limit=limit, offset=offset, sort=sort))

    def create_logs(self, logs: Iterable[Given]) -> None:
        """Add log lines to runs: LogCreates, or dicts of their fields."""
        self._done("POST", "/logs/", [LogCreate.of(each, name="a line").model_dump() for each in logs])

    def create_artifact(self, artifact: Given) -> ArtifactRecord:
        """Make an artifact: an ArtifactCreate, or a dict of its fields."""
        body = ArtifactCreate.of(artifact, name="artifact").model_dump()
        return self._one(ArtifactRecord, "POST", "/artifacts/", body)

    def read_artifacts(
        self,
        *,
        artifact_filter: Given | None = None,
        flow_run_filter: Given | None = None,
        task_run_filter: Given | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[ArtifactRecord]:
        """The artifacts that all the filters mean."""
        body = said(
            artifacts=wire(ArtifactFilter, artifact_filter, "artifact_filter"),
            flow_runs=wire(FlowRunFilter, flow_run_filter, "flow_run_filter"),
            task_runs=wire(TaskRunFilter, task_run_filter, "task_run_filter"),
            sort=sort,
            limit=limit,
            offset=offset,
        )
        return self._many(ArtifactRecord, "POST", "/artifacts/filter", body)

    def read_latest_artifacts(
        self,
        *,
        artifact_filter: Given | None = None,
        flow_run_filter: Given | None = None,
        task_run_filter: Given | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[ArtifactRecord]:
        """Of each key the latest artifact, if the filters mean it."""
        body = said(
            artifacts=wire(ArtifactCollectionFilter, artifact_filter, "artifact_filter"),
            flow_runs=wire(FlowRunFilter, flow_run_filter, "flow_run_filter"),
            task_runs=wire(TaskRunFilter, task_run_filter, "task_run_filter"),
            sort=sort,
            limit=limit,
            offset=offset,
        )
        return self._many(ArtifactRecord, "POST", "/artifacts/latest/filter", body)

    def update_artifact(self, artifact_id: Id, artifact: Given) -> None:
        """Change an artifact: an ArtifactUpdate, or a dict of its fields."""
        body = ArtifactUpdate.of(artifact, name="artifact").model_dump()
        self._done("PATCH", f"/artifacts/{ident(artifact_id)}", body)

    def delete_artifact(self, artifact_id: Id) -> None:
        """Delete the artifact. Raises ObjectNotFound."""
        self._done("DELETE", f"/artifacts/{ident(artifact_id)}")

    def create_variable(self, variable: Given) -> VariableRecord:
        """Make a variable: a VariableCreate, or a dict of its fields. Raises ObjectAlreadyExists."""
        body = VariableCreate.of(variable, name="variable").model_dump()
        return self._one(VariableRecord, "POST", "/variables/", body)

    def read_variable_by_name(self, name: str) -> VariableRecord | None:
        """The variable, or None."""
        return self._one_or_none(VariableRecord, f"/variables/name/{part(name)}")

    def read_variables(self, limit: int | None = None) -> list[VariableRecord]:
        """The variables."""
        return self._many(VariableRecord, "POST", "/variables/filter", said(limit=limit))

    def update_variable(self, variable: Given) -> None:
        """Change the variable of this name: a VariableUpdate, or a dict of its fields. Raises ObjectNotFound."""
        body = VariableUpdate.of(variable, name="variable").model_dump()
        self._done("PATCH", f"/variables/name/{part(body.pop('name', None))}", body)

    def delete_variable_by_name(self, name: str) -> None:
        """Delete the variable. Raises ObjectNotFound."""
        self._done("DELETE", f"/variables/name/{part(name)}")

    def read_events(self, filter: Given | None = None, limit: int = 100) -> EventPage:
        """The latest events that the filter means, at most `limit`, and how many there are in `total`."""
        body: dict[str, Any] = {"filter": wire(EventFilter, filter, "filter") or {}, "limit": max(1, min(limit, _PAGE))}
        page = self._ask("POST", "/events/filter", body)
        events = list(page["events"])
        while page.get("next_page") and len(events) < limit:
            page = self._ask("GET", self._path_of(page["next_page"]))
            events += page["events"]
        return EventPage({**page, "events": events[: max(limit, 0)]})

    def read_events_page(self, next_page_url: str) -> EventPage:
        """The page that an EventPage named as its next."""
        return self._one(EventPage, "GET", self._path_of(next_page_url))

    def count_events(self, filter: Given | None = None) -> int:
        """How many events the filter means."""
        return int(self.read_events(filter, 1).total)

    def _path_of(self, url: str) -> str:
        """The path behind the API's address, wherever the server thinks that it is: a proxy may stand between."""
        _, found, rest = str(url).partition("/events/filter/next")
        if not found:
            raise FilterError(f"{url!r} is no page of events; the next_page of an EventPage is needed")
        return f"/events/filter/next{rest}"
