"""Task runs as a dashboard counts them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.contract.times import now
from orchestrator.rest.asked_rows import row_of
from orchestrator.rest.errors import NotFound, Unprocessable
from orchestrator.rest.search import body_with, narrow
from orchestrator.rest.views import ApiView, answers, takes
from runs.api import shapes
from runs.api.answers import task_run_answers
from runs.api.filters import TASK_RUNS, TaskRunFilter
from runs.api.ui_shapes import CountByState
from runs.models import FlowRun
from runs.services.run_counts import count_by_state, count_ended

PARTS = 20  # into which the time of a dashboard is divided
_AROUND = ("flows", "flow_runs", "deployments", "work_pools", "work_pool_queues")
_REQUIRED = (("task_runs", TaskRunFilter, ...),)
_COUNTED = replace(TASK_RUNS, alongside=("flows", "flow_runs", "deployments"))


class UITaskRun(shapes.TaskRun):
    flow_run_name: str | None


class TaskRunCounts(ApiView):
    @takes(lambda view: body_with(_COUNTED, "Counts", ()))
    @answers(CountByState)
    def post(self, request: Request, body: Any) -> dict[str, int]:
        """How many task runs are in each type of state."""
        return count_by_state(narrow(_COUNTED, body))


class DashboardCounts(ApiView):
    @takes(lambda view: body_with(TASK_RUNS, "Dashboard", _REQUIRED, alongside=_AROUND, queues_key="work_queues"))
    @answers(list[dict[str, int]])
    def post(self, request: Request, body: Any) -> list[dict[str, int]]:
        """The ended task runs in twenty equal parts of the time from `task_runs.start_time.after_` until now."""
        began = body.task_runs.start_time
        if began is None or began.after_ is None:
            raise Unprocessable("task_runs.start_time.after_ is required")
        # Whatever state was asked for: only what has ended is counted.
        asked = body.model_copy(update={"task_runs": body.task_runs.model_copy(update={"state": None})})
        counts = count_ended(
            narrow(TASK_RUNS, asked),
            start=began.after_.replace(second=0, microsecond=0),
            end=(began.before_ or now()).replace(second=59, microsecond=999_999),
            parts=PARTS,
        )
        return [{"completed": succeeded, "failed": failed} for succeeded, failed in counts]


class NamedTaskRun(ApiView):
    @answers(UITaskRun)
    def get(self, request: Request, task_run_id: UUID) -> dict[str, Any]:
        """A task run with the name of its flow run."""
        found = task_run_answers(row_of(TASK_RUNS, task_run_id))
        if not found:
            raise NotFound("Task not found")
        names = FlowRun.objects.filter(pk=found[0]["flow_run_id"]).values_list("name", flat=True)
        return {**found[0], "flow_run_name": names.first() if found[0]["flow_run_id"] else None}
