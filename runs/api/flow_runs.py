"""Flow runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.rest.asked_rows import row_of
from orchestrator.rest.bodies import Labels
from orchestrator.rest.errors import NotFound
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs import errors
from runs.api import shapes
from runs.api.answers import flow_run_answer, flow_run_answers
from runs.api.bodies import FlowRunCreate, FlowRunUpdate
from runs.api.creators import created_by
from runs.api.filters import FLOW_RUNS
from runs.services.flow_runs import Plan, create_flow_run, delete_flow_run, merge_labels, update_flow_run

_MISSING = "Flow run not found"
_NOT_FOUND = {errors.RunNotFound: _MISSING}
_PLANNED = frozenset(Plan.__dataclass_fields__)


class FlowRuns(ApiView):
    shares_commit = True

    @takes(FlowRunCreate)
    @answers(shapes.FlowRunResponse, 200, 201)
    def post(self, request: Request, body: FlowRunCreate) -> JsonAnswer:
        """Create a run, or answer the one with the same flow and idempotency key."""
        run, created = create_flow_run(plan=_plan(body, created_by(request)))
        return JsonAnswer(flow_run_answer(run), 201 if created else 200)


class FlowRunById(ApiView):
    not_found = _NOT_FOUND

    @answers(shapes.FlowRunResponse)
    def get(self, request: Request, flow_run_id: UUID) -> dict[str, Any]:
        found = flow_run_answers(row_of(FLOW_RUNS, flow_run_id))
        if not found:
            raise NotFound(_MISSING)
        return found[0]

    @takes(FlowRunUpdate)
    @answers(None, 204)
    def patch(self, request: Request, flow_run_id: UUID, body: FlowRunUpdate) -> JsonAnswer:
        changes = body.given()
        if "empirical_policy" in changes:
            changes["empirical_policy"] = body.empirical_policy.wire()
            if request.data["empirical_policy"] is None:  # says nothing, while an empty one takes the retries away
                del changes["empirical_policy"]
        update_flow_run(flow_run_id=flow_run_id, changes=changes)
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, flow_run_id: UUID) -> JsonAnswer:
        delete_flow_run(flow_run_id=flow_run_id)
        return no_content()


class FlowRunLabels(ApiView):
    @takes(Labels)
    @answers(None, 204)
    def patch(self, request: Request, flow_run_id: UUID, body: Labels) -> JsonAnswer:
        """Add labels, a flat map; those of the same key are replaced."""
        merge_labels(flow_run_id=flow_run_id, labels=body)
        return no_content()


def _plan(body: FlowRunCreate, creator: dict[str, Any] | None) -> Plan:
    given = body.given(*_PLANNED)
    given["state"] = body.state.state() if body.state else None
    given["empirical_policy"] = body.empirical_policy.wire()
    if not body.idempotency_key:  # the contract's two ways of making a run differ in this
        given["job_variables"] = body.job_variables or {}
    return Plan(**given, created_by=creator)
