"""Inputs of flow runs: texts under keys, which people and other runs give to a run."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from orchestrator.rest.answering import Media
from orchestrator.rest.bodies import Envelope
from orchestrator.rest.errors import NotFound
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, Shape, answers, no_content, takes
from runs import errors
from runs.models import FlowRunInput as Row
from runs.services.inputs import delete_input, find_input, find_inputs, give_input

_MISSING = "Flow run input not found"


class GivenInput(Envelope):
    key: str
    value: str
    sender: str | None = None


class WantedInputs(Envelope):
    prefix: str
    limit: int = 1
    exclude_keys: list[str] = []


class FlowRunInput(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    flow_run_id: UUID
    key: str
    value: str
    sender: str | None


class FlowRunInputs(ApiView):
    not_found = {errors.RunNotFound: "Flow run not found"}

    @takes(GivenInput)
    @answers(Any, 201)
    def post(self, request: Request, flow_run_id: UUID, body: GivenInput) -> JsonAnswer:
        """Give the run something, once for each key."""
        give_input(flow_run_id=flow_run_id, key=body.key, value=body.value, sender=body.sender)
        return JsonAnswer(None, 201)


class FlowRunInputList(ApiView):
    @takes(WantedInputs)
    @answers(list[FlowRunInput])
    def post(self, request: Request, flow_run_id: UUID, body: WantedInputs) -> list[dict[str, Any]]:
        """What was given under keys that begin alike, oldest first."""
        found = find_inputs(
            flow_run_id=flow_run_id, prefix=body.prefix, exclude_keys=body.exclude_keys, limit=body.limit
        )
        return [_input_answer(row) for row in found]


class FlowRunInputByKey(ApiView):
    not_found = {errors.InputNotFound: _MISSING}

    @answers(Media("text/plain"))
    def get(self, request: Request, flow_run_id: UUID, key: str) -> HttpResponse:
        """The text itself."""
        found = find_input(flow_run_id=flow_run_id, key=key)
        if found is None:
            raise NotFound(_MISSING)
        return HttpResponse(found.value, content_type="text/plain; charset=utf-8")

    @answers(None, 204)
    def delete(self, request: Request, flow_run_id: UUID, key: str) -> JsonAnswer:
        delete_input(flow_run_id=flow_run_id, key=key)
        return no_content()


def _input_answer(row: Row) -> dict[str, Any]:
    return {
        "id": row.pk,
        "created": row.created,
        "updated": row.updated,
        "flow_run_id": row.flow_run_id,
        "key": row.key,
        "value": row.value,
        "sender": row.sender,
    }
