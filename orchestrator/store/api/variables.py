"""Variables, by identifier and by name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from rest_framework.request import Request

from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from orchestrator.store.api import shapes
from orchestrator.store.api.answers import variable_answer
from orchestrator.store.api.bodies import VariableCreate, VariableUpdate
from orchestrator.store.services.variables import create_variable, delete_variable, get_variable, update_variable


class Variables(ApiView):
    @takes(VariableCreate)
    @answers(shapes.Variable, 201)
    def post(self, request: Request, body: VariableCreate) -> JsonAnswer:
        variable = create_variable(name=body.name, value=body.value, tags=body.tags)
        return JsonAnswer(variable_answer(variable), 201)


class VariableById(ApiView):
    @answers(shapes.Variable)
    def get(self, request: Request, id: UUID) -> dict[str, Any]:
        return variable_answer(get_variable(Q(pk=id)))

    @takes(VariableUpdate)
    @answers(None, 204)
    def patch(self, request: Request, id: UUID, body: VariableUpdate) -> JsonAnswer:
        update_variable(Q(pk=id), changes=body.given())
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, id: UUID) -> JsonAnswer:
        delete_variable(Q(pk=id))
        return no_content()


class VariableByName(ApiView):
    @answers(shapes.Variable)
    def get(self, request: Request, name: str) -> dict[str, Any]:
        return variable_answer(get_variable(Q(name=name)))

    @takes(VariableUpdate)
    @answers(None, 204)
    def patch(self, request: Request, name: str, body: VariableUpdate) -> JsonAnswer:
        update_variable(Q(name=name), changes=body.given())
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, name: str) -> JsonAnswer:
        delete_variable(Q(name=name))
        return no_content()
