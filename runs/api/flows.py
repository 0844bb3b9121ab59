"""Flows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.rest.errors import NotFound
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs import errors
from runs.api import shapes
from runs.api.answers import flow_answer
from runs.api.bodies import FlowCreate, FlowUpdate
from runs.models import Flow
from runs.services.flows import delete_flow, get_or_create_flow, update_flow

_MISSING = "Flow not found"
_NOT_FOUND = {errors.FlowNotFound: _MISSING}


class Flows(ApiView):
    @takes(FlowCreate)
    @answers(shapes.Flow, 200, 201)
    def post(self, request: Request, body: FlowCreate) -> JsonAnswer:
        """Create the flow, or answer the one of this name as it is."""
        flow, created = get_or_create_flow(name=body.name, tags=body.tags, labels=body.labels)
        return JsonAnswer(flow_answer(flow), 201 if created else 200)


class FlowByName(ApiView):
    @answers(shapes.Flow)
    def get(self, request: Request, name: str) -> dict[str, Any]:
        return _found(Flow.objects.filter(name=name).first())


class FlowById(ApiView):
    not_found = _NOT_FOUND

    @answers(shapes.Flow)
    def get(self, request: Request, flow_id: UUID) -> dict[str, Any]:
        return _found(Flow.objects.filter(pk=flow_id).first())

    @takes(FlowUpdate)
    @answers(None, 204)
    def patch(self, request: Request, flow_id: UUID, body: FlowUpdate) -> JsonAnswer:
        update_flow(flow_id=flow_id, tags=body.given().get("tags"))
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, flow_id: UUID) -> JsonAnswer:
        delete_flow(flow_id=flow_id)
        return no_content()


def _found(flow: Flow | None) -> dict[str, Any]:
    if flow is None:
        raise NotFound(_MISSING)
    return flow_answer(flow)
