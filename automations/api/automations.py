"""Automations, one by one, and all that belong to a resource."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from automations.api.answers import automation_answer, automation_answers
from automations.api.bodies import AutomationCreate, AutomationPartialUpdate, AutomationUpdate
from automations.api.shapes import Automation as AutomationShape
from automations.models import Automation
from automations.services.automations import (
    create_automation,
    delete_automation,
    delete_automations_of,
    get_automation,
    replace_automation,
    switch_automation,
)
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes


class Automations(ApiView):
    @takes(AutomationCreate)
    @answers(AutomationShape, 201)
    def post(self, request: Request, body: AutomationCreate) -> JsonAnswer:
        automation = create_automation(columns=body.columns(), owner_resource=body.owner_resource)
        return JsonAnswer(automation_answer(automation), 201)


class AutomationById(ApiView):
    @answers(AutomationShape)
    def get(self, request: Request, id: UUID) -> dict[str, Any]:
        return automation_answer(get_automation(id))

    @takes(AutomationUpdate)
    @answers(None, 204)
    def put(self, request: Request, id: UUID, body: AutomationUpdate) -> JsonAnswer:
        replace_automation(automation_id=id, columns=body.columns())
        return no_content()

    @takes(AutomationPartialUpdate)
    @answers(None, 204)
    def patch(self, request: Request, id: UUID, body: AutomationPartialUpdate) -> JsonAnswer:
        switch_automation(automation_id=id, enabled=body.enabled)
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, id: UUID) -> JsonAnswer:
        delete_automation(id)
        return no_content()


class AutomationsOfResource(ApiView):
    @answers(list[AutomationShape])
    def get(self, request: Request, resource_id: str) -> list[dict[str, Any]]:
        """Those that act on the resource, such as `prefect.deployment.<id>`, or belong to it; the first 200 by name."""
        return automation_answers(Automation.objects.around(resource_id).order_by("name", "pk")[:200])


class AutomationsOfOwner(ApiView):
    @answers(Any, 202)
    def delete(self, request: Request, resource_id: str) -> JsonAnswer:
        """All that belong to the resource."""
        delete_automations_of(resource_id)
        return JsonAnswer(None, 202)
