"""Task runs are recorded from the state events that their clients report, a batch at a time.

The events may come late, twice and out of order: every state is kept, and a task run shows the newest.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from orchestrator.contract.events import ORCHESTRATION_LABEL
from orchestrator.contract.states import State
from orchestrator.contract.times import now, parse_time
from orchestrator.events.models import Event
from orchestrator.statements.after_commit import after_commit
from orchestrator.statements.known import known_identifiers
from orchestrator.statements.reading import PreparedAmong, PreparedQuery
from orchestrator.statements.writing import insert_rows, insert_values
from runs.models import FlowRun, TaskRun, TaskRunState, TaskRunTag
from runs.models.hour_counts import Counted
from runs.services.failures.columns import BAD_ENDS, NO_FAILURE, failure_columns
from runs.services.failures.completing import complete_failures
from runs.services.hour_counts import forget_hours

logger = logging.getLogger(__name__)

_EVENT_PREFIX = "prefect.task-run."
_RESOURCE_PREFIX = "prefect.task-run."
_FLOW_RUN_PREFIX = "prefect.flow-run."
_TIMES = ("expected_start_time", "next_scheduled_start_time", "start_time", "end_time", "cache_expiration")
_VALUES = (
    "name",
    "task_key",
    "dynamic_key",
    "task_version",
    "empirical_policy",
    "tags",
    "labels",
    "task_inputs",
    "run_count",
    "flow_run_run_count",
    "total_run_time",
    "cache_key",
)
_KINDS: dict[str, type] = {
    **dict.fromkeys(("name", "task_key", "dynamic_key", "task_version", "cache_key"), str),
    **dict.fromkeys(("empirical_policy", "labels", "task_inputs"), dict),
    **dict.fromkeys(("run_count", "flow_run_run_count"), int),
    "tags": list,  # of texts
    "total_run_time": float,  # seconds
    **dict.fromkeys(_TIMES, datetime),
}
_NULLABLE = frozenset({*_TIMES, "task_version", "cache_key"})
_WRITTEN = [*_VALUES, *_TIMES, "state", "state_type", "state_name", "state_timestamp", "updated", *NO_FAILURE]
NaturalKey = tuple[UUID | None, Any, Any]  # flow run, task key and dynamic key: what one call of a task has for itself
_STATE_COLUMNS = ("task_run", "id", "type", "name", "timestamp", "message", "data", "state_details")


@dataclass(frozen=True, slots=True)
class Report:
    """What one event says of one task run."""

    task_run_id: UUID
    flow_run_id: UUID | None
    state: State
    columns: dict[str, Any]  # the task run's columns that the event mentions

    @property
    def natural_key(self) -> NaturalKey:
        return self.flow_run_id, self.columns.get("task_key"), self.columns.get("dynamic_key")


def record_task_runs(events: Sequence[Event]) -> None:
    """Write the task runs and states that these events report. Safe to call again with the same events.

    Called inside the transaction that stores the events. Events that do not report a task run are passed over;
    so are those of a flow run that does not exist, because it was deleted meanwhile.
    """
    reports = _of_known_flow_runs([report for event in events if (report := _read(event))])
    if not reports:
        return
    rows = _existing_rows(reports)
    changed: dict[UUID, TaskRun] = {}
    new: list[TaskRun] = []
    states: list[tuple[Any, ...]] = []
    times: set[datetime | None] = set()
    for report in reports:  # in the order in which they came, so that a batch leaves what one by one would leave
        row = rows.by_id.get(report.task_run_id) or rows.by_key.get(report.natural_key)
        if row is None:
            row = TaskRun(id=report.task_run_id, flow_run_id=report.flow_run_id)
            rows.add(row, report.natural_key)
            new.append(row)
        state = _with_run_ids(row, report.state)
        states.append(_state_values(row, state))
        if row.state_timestamp is None or state.timestamp > row.state_timestamp:
            times |= {row.start_time, row.expected_start_time}
            _apply(row, report, state)
            times |= {row.start_time, row.expected_start_time}
            changed[row.pk] = row
    created = {row.pk for row in new}
    _save(new, [row for row in changed.values() if row.pk not in created], rows.tags)
    insert_values(TaskRunState, _STATE_COLUMNS, states, skip_known=True)
    forget_hours(Counted.TASK_RUNS, times)
    _follow_up(changed.values())


def _read(event: Event) -> Report | None:
    """What the event reports, or None when it is not a client's report of a task run."""
    if not event.event.startswith(_EVENT_PREFIX) or event.resource.get(ORCHESTRATION_LABEL) != "client":
        return None
    try:
        task_run_id = UUID(event.resource_id.removeprefix(_RESOURCE_PREFIX))
        columns = _columns(event.payload["task_run"])
        state = State.from_wire({**event.payload["validated_state"], "id": event.id, "timestamp": event.occurred})
        flow_run_id = _flow_run_id(event.related)
        if not all(isinstance(columns.get(key), str) for key in ("task_key", "dynamic_key")):
            raise ValueError("task_key and dynamic_key are missing")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        logger.error("Event %s names a task run but does not describe it, so it is only logged: %r", event.id, error)
        return None
    return Report(task_run_id=task_run_id, flow_run_id=flow_run_id, state=state, columns=columns)


def _columns(task_run: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for key, value in task_run.items():
        kind = _KINDS.get(key)
        if kind is None:
            continue
        if value is None:
            if key in _NULLABLE:
                columns[key] = None
        elif kind is datetime:
            columns[key] = parse_time(value)
        elif _is_of(kind, value):
            columns[key] = value
        else:
            raise ValueError(f"{key} cannot be {value!r:.100}")
    return columns


def _is_of(kind: type, value: Any) -> bool:
    """What has another shape would be stored as it is, and break everything that reads it later."""
    if kind is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind in (int, float):
        return isinstance(value, int | float if kind is float else int) and 0 <= value < 2**31
    return isinstance(value, kind)


def _flow_run_id(related: Iterable[dict[str, str]]) -> UUID | None:
    for labels in related:
        if labels.get("prefect.resource.role") == "flow-run":
            return UUID(labels["prefect.resource.id"].removeprefix(_FLOW_RUN_PREFIX))
    return None


def _of_known_flow_runs(reports: list[Report]) -> list[Report]:
    named = {report.flow_run_id for report in reports if report.flow_run_id}
    known = known_identifiers(FlowRun, "id", named)
    return [report for report in reports if report.flow_run_id is None or report.flow_run_id in known]


class _Rows:
    """The task runs of one batch, found by identifier or by natural key."""

    def __init__(self) -> None:
        self.by_id: dict[UUID, TaskRun] = {}
        self.by_key: dict[NaturalKey, TaskRun] = {}
        self.tags: dict[UUID, list[str]] = {}  # those that are stored

    def add(self, row: TaskRun, natural_key: NaturalKey) -> None:
        self.by_id[row.pk] = row
        if natural_key[0] is not None:
            self.by_key[natural_key] = row


def _existing_rows(reports: list[Report]) -> _Rows:
    rows = _Rows()
    ids = {report.task_run_id for report in reports}
    for row in _of_ids.all(ids):
        rows.add(row, (row.flow_run_id, row.task_key, row.dynamic_key))
        rows.tags[row.pk] = row.tags
    # The same task run under another identifier. Looked for only where it can be: among those not found yet.
    keys = {report.natural_key for report in reports if report.task_run_id not in rows.by_id and report.flow_run_id}
    if keys:
        for row in _twins_of(keys):
            if row.pk not in ids:  # those of these identifiers are here already
                rows.by_key[(row.flow_run_id, row.task_key, row.dynamic_key)] = row
                rows.tags[row.pk] = row.tags
    return rows


def _locked(**of: Any) -> QuerySet[TaskRun]:
    return TaskRun.objects.select_for_update().filter(**of).order_by("pk")


_of_ids = PreparedAmong(lambda ids: _locked(pk__in=ids))
_of_key = PreparedQuery(_locked, "flow_run", texts=["dynamic_key"])


def _twins_of(keys: Collection[NaturalKey]) -> Iterable[TaskRun]:
    """Task runs that may have one of these keys."""
    if len(keys) == 1:
        [(flow_run, _, dynamic_key)] = keys
        if flow_run is None or dynamic_key is None:
            return ()
        return _of_key.all(flow_run=flow_run, dynamic_key=dynamic_key)
    return _locked(flow_run__in={key[0] for key in keys}, dynamic_key__in={key[2] for key in keys})


def _state_values(row: TaskRun, state: State) -> tuple[Any, ...]:
    """In the order of _STATE_COLUMNS."""
    return row.pk, state.id, state.type.value, state.name, state.timestamp, state.message, state.data, state.details


def _apply(row: TaskRun, report: Report, state: State) -> None:
    for column, value in report.columns.items():
        setattr(row, column, value)
    for column, value in failure_columns(state, before=row.state_type).items():
        setattr(row, column, value)
    row.state = state.to_wire()
    row.state_type = state.type.value
    row.state_name = state.name
    row.state_timestamp = state.timestamp


def _follow_up(written: Iterable[TaskRun]) -> None:
    """Find out where those happened that failed, and which flow runs failed because of them."""
    failed = [row for row in written if row.state_type in BAD_ENDS]
    if failed:
        flow_run_ids = {row.flow_run_id for row in failed if row.flow_run_id}
        task_run_ids = [row.pk for row in failed]
        after_commit(complete_failures, flow_run_ids=flow_run_ids, task_run_ids=task_run_ids)


def _with_run_ids(row: TaskRun, state: State) -> State:
    flow_run_id = str(row.flow_run_id) if row.flow_run_id else None
    return state.with_details(task_run_id=str(row.pk), flow_run_id=flow_run_id)


def _save(new: list[TaskRun], changed: list[TaskRun], tags_before: dict[UUID, list[str]]) -> None:
    at = now()
    for row in changed:
        row.updated = at  # a bulk write does not touch it by itself
    insert_rows(new)
    insert_rows(changed, replace=_WRITTEN)
    retagged = [row for row in changed if row.tags != tags_before[row.pk]]
    for row in retagged:
        TaskRunTag.objects.filter(task_run_id=row.pk).exclude(tag__in=row.tags).delete()
    tags = [(row.pk, tag) for row in [*new, *retagged] for tag in dict.fromkeys(row.tags)]
    insert_values(TaskRunTag, ("task_run", "tag"), tags, skip_known=True)
