"""Task runs that are named over REST. Ordinary ones come from events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.rest.asked_rows import row_of
from orchestrator.rest.errors import NotFound
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs import errors
from runs.api import shapes
from runs.api.answers import task_run_answer, task_run_answers
from runs.api.bodies import TaskRunCreate, TaskRunUpdate
from runs.api.filters import TASK_RUNS
from runs.services.task_runs import TaskPlan, create_task_run, delete_task_run, update_task_run

_MISSING = "Task not found"
_NOT_FOUND = {errors.RunNotFound: _MISSING}


class TaskRuns(ApiView):
    shares_commit = True

    @takes(TaskRunCreate)
    @answers(shapes.TaskRun, 200, 201)
    def post(self, request: Request, body: TaskRunCreate) -> JsonAnswer:
        """Create a task run, or answer the one with the same flow run, task key and dynamic key."""
        run, created = create_task_run(plan=_plan(body))
        return JsonAnswer(task_run_answer(run), 201 if created else 200)


class TaskRunById(ApiView):
    not_found = _NOT_FOUND

    @answers(shapes.TaskRun)
    def get(self, request: Request, task_run_id: UUID) -> dict[str, Any]:
        found = task_run_answers(row_of(TASK_RUNS, task_run_id))
        if not found:
            raise NotFound(_MISSING)
        return found[0]

    @takes(TaskRunUpdate)
    @answers(None, 204)
    def patch(self, request: Request, task_run_id: UUID, body: TaskRunUpdate) -> JsonAnswer:
        try:
            update_task_run(task_run_id=task_run_id, name=body.given().get("name"))
        except errors.RunNotFound:
            raise NotFound("Task run not found") from None
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, task_run_id: UUID) -> JsonAnswer:
        delete_task_run(task_run_id=task_run_id)
        return no_content()


def _plan(body: TaskRunCreate) -> TaskPlan:
    given = body.given()
    given["state"] = body.state.state() if body.state else None
    given["empirical_policy"] = body.empirical_policy.wire()
    given["task_inputs"] = {
        key: [source.model_dump(mode="json") for source in sources] for key, sources in body.task_inputs.items()
    }
    return TaskPlan(**given)
