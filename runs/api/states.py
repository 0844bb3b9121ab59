"""States: proposed, and read back as history."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.rest.clients import client_version
from orchestrator.rest.errors import NotFound, Refused
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, asks, takes
from runs.api import shapes
from runs.api.answers import set_state_answer, state_answer
from runs.api.bodies import Resume, SetState
from runs.models import FlowRunState, TaskRunState
from runs.orchestration.transition import RunKind
from runs.services.resuming import resume_flow_run
from runs.services.transitions import propose_state

CLAIM_HEADER = "HTTP_X_ORCHESTRATOR_CLAIM"


class _SetState(ApiView):
    kind: RunKind
    shares_commit = True

    @takes(SetState)
    @answers(shapes.OrchestrationResult, 200, 201)
    def post(self, request: Request, run_id: UUID, body: SetState) -> JsonAnswer:
        """Propose a state. 201 when the run has a new one, which need not be the proposed one."""
        answer = propose_state(
            kind=self.kind,
            run_id=run_id,
            proposal=body.state.state(),
            force=body.force,
            claim_id=_claim_of(request),
            client=client_version(request),
        )
        return JsonAnswer(set_state_answer(answer), 201 if answer.written else 200)


class SetFlowRunState(_SetState):
    kind = RunKind.FLOW_RUN


class SetTaskRunState(_SetState):
    kind = RunKind.TASK_RUN


class ResumeFlowRun(ApiView):
    @takes(Resume)
    @answers(shapes.OrchestrationResult, 200, 201)
    def post(self, request: Request, run_id: UUID, body: Resume) -> JsonAnswer:
        """Let a paused run go on."""
        answer = resume_flow_run(flow_run_id=run_id, run_input=body.run_input, client=client_version(request))
        return JsonAnswer(set_state_answer(answer), 201 if answer.written else 200)


class FlowRunStates(ApiView):
    @asks(flow_run_id=UUID)
    @answers(list[shapes.State])
    def get(self, request: Request, flow_run_id: UUID) -> list[dict[str, Any]]:
        """Every state of a flow run, oldest first."""
        rows = FlowRunState.objects.filter(flow_run_id=flow_run_id)
        return [state_answer(row) for row in rows.order_by("timestamp")]


class TaskRunStates(ApiView):
    @asks(task_run_id=UUID)
    @answers(list[shapes.State])
    def get(self, request: Request, task_run_id: UUID) -> list[dict[str, Any]]:
        """Every state of a task run, oldest first."""
        rows = TaskRunState.objects.filter(task_run_id=task_run_id)
        return [state_answer(row) for row in rows.order_by("timestamp")]


class FlowRunStateById(ApiView):
    @answers(shapes.State)
    def get(self, request: Request, state_id: UUID) -> dict[str, Any]:
        return _found(FlowRunState.objects.filter(pk=state_id).first())


class TaskRunStateById(ApiView):
    @answers(shapes.State)
    def get(self, request: Request, state_id: UUID) -> dict[str, Any]:
        return _found(TaskRunState.objects.filter(pk=state_id).first())


def _found(row: FlowRunState | TaskRunState | None) -> dict[str, Any]:
    if row is None:
        raise NotFound("Flow run state not found")  # of task runs as well
    return state_answer(row)


def _claim_of(request: Request) -> UUID | None:
    text = request.META.get(CLAIM_HEADER)
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Refused("X-Orchestrator-Claim is not a UUID.") from None
