"""How flows, runs, states and logs look in an answer. Plain dictionaries, because this runs for every row of a list."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from django.db.models import QuerySet

from orchestrator.contract.states import DETAIL_DEFAULTS, Status
from orchestrator.contract.times import now
from orchestrator.rest.asked_rows import AskedRows
from orchestrator.rest.rows import read_rows
from runs.api.shapes import TaskRunResponse
from runs.models import Flow, FlowRun, Log, TaskRun
from runs.models.run import Run, seconds_late, seconds_running
from runs.models.states import StateRecord
from runs.services.transitions import Answer

_POLICIES: dict[type[Run], dict[str, Any]] = {
    FlowRun: {
        "max_retries": 0,
        "retry_delay_seconds": 0.0,
        "retries": None,
        "retry_delay": None,
        "pause_keys": [],
        "resuming": False,
        "retry_type": None,
    },
    TaskRun: {
        "max_retries": 0,
        "retry_delay_seconds": 0.0,
        "retries": None,
        "retry_delay": None,
        "retry_jitter_factor": None,
    },
}


def flow_answer(flow: Flow) -> dict[str, Any]:
    return {
        "id": flow.pk,
        "created": flow.created,
        "updated": flow.updated,
        "name": flow.name,
        "tags": flow.tags,
        "labels": flow.labels,
    }


def flow_answers(rows: QuerySet) -> list[dict[str, Any]]:
    return [flow_answer(flow) for flow in rows]


_RUN_COLUMNS = (
    "id",
    "created",
    "updated",
    "name",
    "tags",
    "labels",
    "empirical_policy",
    "state",
    "state_type",
    "state_name",
    "run_count",
    "expected_start_time",
    "next_scheduled_start_time",
    "start_time",
    "end_time",
    "total_run_time",
)
_FLOW_RUN_COLUMNS = (
    *_RUN_COLUMNS,
    "flow_id",
    "deployment_id",
    "deployment_version",
    "work_queue_id",
    "work_queue_name",
    "flow_version",
    "parameters",
    "idempotency_key",
    "context",
    "parent_task_run_id",
    "auto_scheduled",
    "infrastructure_document_id",
    "infrastructure_pid",
    "created_by",
    "job_variables",
)
_TASK_RUN_COLUMNS = (
    *_RUN_COLUMNS,
    "flow_run_id",
    "task_key",
    "dynamic_key",
    "cache_key",
    "cache_expiration",
    "task_version",
    "task_inputs",
    "flow_run_run_count",
)
_LOG_COLUMNS = ("id", "created", "name", "level", "message", "timestamp", "flow_run_id", "task_run_id")
# Read besides, to work out what an answer says.
_HELPERS = ("state_timestamp",)
_WORK_POOL = {"work_pool_id": "work_queue__work_pool_id", "work_pool_name": "work_queue__work_pool__name"}
_TEXTS = frozenset({"state", "empirical_policy"})


def flow_run_answers(rows: QuerySet | AskedRows) -> list[dict[str, Any]]:
    at = now()
    columns = (*_FLOW_RUN_COLUMNS, *_HELPERS, *_WORK_POOL.values())
    answers = []
    for row in read_rows(rows, columns, texts=_TEXTS):
        pool = {name: row.pop(path) for name, path in _WORK_POOL.items()}
        answers.append(_run_answer(_with_json_of(row, FlowRun), at, **pool))
    return answers


def flow_run_answer(run: FlowRun) -> dict[str, Any]:
    queue = run.work_queue if run.work_queue_id else None
    work_pool_id, work_pool_name = (queue.work_pool_id, queue.work_pool.name) if queue else (None, None)
    return _run_answer(_row_of(run, _FLOW_RUN_COLUMNS), now(), work_pool_id=work_pool_id, work_pool_name=work_pool_name)


def task_run_answers(rows: QuerySet | AskedRows) -> list[dict[str, Any]]:
    at = now()
    found = read_rows(rows, (*_TASK_RUN_COLUMNS, *_HELPERS), texts=_TEXTS)
    return [_run_answer(_with_json_of(row, TaskRun), at) for row in found]


_IN_PAGES = tuple(TaskRunResponse.model_fields)


def task_run_page_answers(rows: QuerySet | AskedRows) -> list[dict[str, Any]]:
    """In numbered pages task runs tell less of themselves."""
    return [{key: answer[key] for key in _IN_PAGES} for answer in task_run_answers(rows)]


def task_run_answer(run: TaskRun) -> dict[str, Any]:
    return _run_answer(_row_of(run, _TASK_RUN_COLUMNS), now())


def state_answer(record: StateRecord) -> dict[str, Any]:
    return {
        "id": record.pk,
        "type": record.type,
        "name": record.name,
        "timestamp": record.timestamp,
        "message": record.message,
        "data": record.data,
        "state_details": {**DETAIL_DEFAULTS, **record.state_details},
    }


def set_state_answer(answer: Answer) -> dict[str, Any]:
    return {
        "state": answer.state.to_wire() if answer.state else None,
        "status": answer.status.value,
        "details": _details_of(answer),
    }


def log_answers(rows: QuerySet | AskedRows) -> list[dict[str, Any]]:
    return [_log_answer(row) for row in read_rows(rows, _LOG_COLUMNS)]


def log_answer(log: Log) -> dict[str, Any]:
    return _log_answer({column: getattr(log, column) for column in _LOG_COLUMNS})


def _log_answer(row: dict[str, Any]) -> dict[str, Any]:
    row["updated"] = row["created"]  # a line never changes
    return row


def _row_of(run: FlowRun | TaskRun, columns: tuple[str, ...]) -> dict[str, Any]:
    row = {column: getattr(run, column) for column in (*columns, *_HELPERS)}
    row["state_id"] = run.state_id
    row["empirical_policy"] = {**_POLICIES[type(run)], **run.empirical_policy}
    return row


def _with_json_of(row: dict[str, Any], kind: type[Run]) -> dict[str, Any]:
    """The same, of a row whose JSON is still the database's text."""
    state = row["state"]
    row["state"] = state and orjson.Fragment(state)
    row["state_id"] = state and _id_of(state)
    row["empirical_policy"] = _policy_of(kind, row["empirical_policy"])
    return row


# SQLite keeps the order in which it was written, and PostgreSQL has short keys first.
_STARTS_WITH_ID = re.compile(r'\{"id": ?"([0-9a-f-]+)"')


def _id_of(state: str) -> str:
    found = _STARTS_WITH_ID.match(state)
    return found[1] if found else orjson.loads(state)["id"]


@lru_cache(maxsize=1_000)  # most runs of a list have the same
def _policy_of(kind: type[Run], text: str) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps({**_POLICIES[kind], **orjson.loads(text)}))


def _run_answer(row: dict[str, Any], at: datetime, **more: Any) -> dict[str, Any]:
    """What follows from the columns of a run is added; times are text or objects."""
    since, state_type = _moment(row.pop("state_timestamp")), row["state_type"]
    expected, began = _moment(row["expected_start_time"]), _moment(row["start_time"])
    row["estimated_run_time"] = seconds_running(state_type, since, row["total_run_time"], at)
    row["estimated_start_time_delta"] = seconds_late(state_type, expected, began, at)
    row.update(more)
    return row


def _moment(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _details_of(answer: Answer) -> dict[str, Any]:
    details: dict[str, Any] = {"type": f"{answer.status.value.lower()}_details"}
    if answer.status is Status.ACCEPT:
        return details
    if answer.delay_seconds is not None:
        details["delay_seconds"] = answer.delay_seconds
    return {**details, "reason": answer.reason}
