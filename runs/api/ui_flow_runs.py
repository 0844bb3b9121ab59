"""Flow runs as a dashboard draws them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from pydantic import Field
from rest_framework.request import Request

from orchestrator.contract.times import now
from orchestrator.rest.asked_rows import AskedRows
from orchestrator.rest.errors import Unprocessable
from orchestrator.rest.paging import Offset
from orchestrator.rest.rows import read_rows
from orchestrator.rest.search import Entity, body_with, narrow_sorted
from orchestrator.rest.sorting import sort_enum
from orchestrator.rest.views import ApiView, answers, takes
from runs.api.filters import FLOW_RUNS
from runs.api.ui_shapes import FlowRunIds, SimpleFlowRun
from runs.models.run import seconds_late, seconds_running
from runs.services.run_counts import count_task_runs

MOST_RUNS = 1000  # of one history
_DRAWN = replace(FLOW_RUNS, alongside=("flows", "task_runs", "deployments", "work_pools"))
_Sort = sort_enum("FlowRunSort", FLOW_RUNS.orders)
_PART = (
    ("sort", _Sort, _Sort("EXPECTED_START_TIME_DESC")),
    ("limit", Annotated[int, Field(le=MOST_RUNS)], MOST_RUNS),
    ("offset", Offset, 0),
)
_COLUMNS = ("id", "state_type", "start_time", "expected_start_time", "total_run_time", "state_timestamp")


class FlowRunBars(ApiView):
    @takes(lambda view: body_with(_DRAWN, "Bars", _PART))
    @answers(list[SimpleFlowRun])
    def post(self, request: Request, body: Any) -> list[dict[str, Any]]:
        """How long each run took and how late it was, of at most a thousand runs."""
        if body.limit < 0:
            raise Unprocessable("Invalid limit: must be greater than or equal to 0.")
        rows = AskedRows(_DRAWN, body, _drawn)
        return _bars(rows[body.offset : body.offset + body.limit])


class TaskRunsOfFlowRuns(ApiView):
    @takes(FlowRunIds)
    @answers(dict[UUID, int])
    def post(self, request: Request, body: FlowRunIds) -> dict[str, int]:
        """The number of task runs of each flow run; 0 for those that do not exist."""
        return {str(flow_run_id): count for flow_run_id, count in count_task_runs(body.flow_run_ids).items()}


def _drawn(entity: Entity, body: Any) -> QuerySet:
    return narrow_sorted(entity, body).filter(state_type__isnull=False, expected_start_time__isnull=False)


def _bars(rows: AskedRows) -> list[dict[str, Any]]:
    at = now()
    return [_bar(row, at) for row in read_rows(rows, _COLUMNS)]


def _bar(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    state_type = row["state_type"]
    expected, began, since = (_moment(row[name]) for name in ("expected_start_time", "start_time", "state_timestamp"))
    return {
        "id": row["id"],
        "state_type": state_type,
        "timestamp": row["start_time"] or row["expected_start_time"],
        "duration": seconds_running(state_type, since, row["total_run_time"], at),
        "lateness": seconds_late(state_type, expected, began, at),
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
