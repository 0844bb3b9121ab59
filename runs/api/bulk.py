"""The same change to many flow runs, one after the other: a refusal of one does not stop the others."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from orchestrator.rest.clients import client_version
from orchestrator.rest.search import body_with, narrow
from orchestrator.rest.views import ApiView, answers, takes
from runs import errors
from runs.api import shapes
from runs.api.answers import set_state_answer
from runs.api.bodies import StateCreate
from runs.api.filters import FLOW_RUNS, FLOWS
from runs.orchestration.transition import RunKind
from runs.services.flow_runs import delete_flow_run
from runs.services.flows import delete_flow
from runs.services.transitions import propose_state

MOST = 50  # rows that one request changes

_Limit = Annotated[int, Field(ge=1, le=MOST)]
_DELETE = (("limit", _Limit, MOST),)
_SET_STATE = (("state", StateCreate, ...), ("force", bool, False), ("limit", _Limit, MOST))


class BulkDeleteFlowRuns(ApiView):
    @takes(lambda view: body_with(FLOW_RUNS, "BulkDelete", _DELETE, alongside=()))
    @answers(shapes.FlowRunBulkDeleteResponse)
    def post(self, request: Request, body: Any) -> dict[str, Any]:
        deleted = []
        for run_id in _first(narrow(FLOW_RUNS, body), body.limit):
            try:
                delete_flow_run(flow_run_id=run_id)
            except errors.RunNotFound:
                continue  # somebody else was quicker
            deleted.append(run_id)
        return {"deleted": deleted}


class BulkDeleteFlows(ApiView):
    @takes(lambda view: body_with(FLOWS, "BulkDelete", _DELETE, alongside=()))
    @answers(shapes.FlowBulkDeleteResponse)
    def post(self, request: Request, body: Any) -> dict[str, Any]:
        deleted = []
        for flow_id in _first(narrow(FLOWS, body), body.limit):
            try:
                delete_flow(flow_id=flow_id)
            except errors.FlowNotFound:
                continue
            deleted.append(flow_id)
        return {"deleted": deleted}


class BulkSetFlowRunState(ApiView):
    @takes(lambda view: body_with(FLOW_RUNS, "BulkSetState", _SET_STATE, alongside=()))
    @answers(shapes.FlowRunBulkSetStateResponse)
    def post(self, request: Request, body: Any) -> dict[str, Any]:
        results = []
        for run_id in _first(narrow(FLOW_RUNS, body), body.limit):
            try:
                answer = propose_state(
                    kind=RunKind.FLOW_RUN,
                    run_id=run_id,
                    proposal=body.state.state(),
                    force=body.force,
                    client=client_version(request),
                )
            except errors.RunNotFound:
                continue
            results.append({"flow_run_id": run_id, **set_state_answer(answer)})
        return {"results": results}


def _first(rows: Any, limit: int) -> list[UUID]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
