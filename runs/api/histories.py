"""Runs over time: counted by interval and state, and how late they were on average."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Avg
from rest_framework.request import Request

from orchestrator.contract.times import now
from orchestrator.rest.bodies import Seconds, Time
from orchestrator.rest.search import Entity, body_with, count_body, narrow
from orchestrator.rest.views import ApiView, answers, takes
from runs.api import shapes
from runs.api.counts import KINDS, asks_for_all
from runs.api.filters import FLOW_RUNS, TASK_RUNS
from runs.services.durations import lateness_seconds
from runs.services.history import history

_PERIOD = (
    ("history_start", Time, ...),
    ("history_end", Time, ...),
    ("history_interval_seconds", Seconds, ...),
)


class _History(ApiView):
    entity: Entity

    @takes(lambda view: body_with(view.entity, "History", _PERIOD, queues_key="work_queues"))
    @answers(list[shapes.HistoryResponse])
    def post(self, request: Request, body: Any) -> list[dict[str, Any]]:
        start: datetime = body.history_start
        return history(
            narrow(self.entity, body),
            start=start,
            end=body.history_end,
            interval_seconds=body.history_interval_seconds,
            now=now(),
            all_of=KINDS[self.entity] if asks_for_all(self.entity, body) else None,
        )


class FlowRunHistory(_History):
    entity = FLOW_RUNS


class TaskRunHistory(_History):
    entity = TASK_RUNS


class FlowRunLateness(ApiView):
    @takes(lambda view: count_body(FLOW_RUNS))
    @answers(float | None)
    def post(self, request: Request, body: Any) -> float | None:
        """Seconds; null when no run fits."""
        rows = narrow(FLOW_RUNS, body)
        return rows.aggregate(average=Avg(lateness_seconds(now())))["average"]
