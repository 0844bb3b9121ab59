"""Automations around a resource."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from automations.api.answers import automation_answers
from automations.api.shapes import Automation as AutomationShape
from automations.models import Automation
from orchestrator.rest.views import ApiView, answers


class AutomationsOfResource(ApiView):
    @answers(list[AutomationShape])
    def get(self, request: Request, resource_id: str) -> list[dict[str, Any]]:
        """Those that act on the resource, such as `prefect.deployment.<id>`."""
        acting = [pk for pk, actions in Automation.objects.values_list("pk", "actions") if _names(actions, resource_id)]
        return automation_answers(Automation.objects.filter(pk__in=acting).order_by("name", "pk"))


def _names(actions: list[dict[str, Any]], resource_id: str) -> bool:
    """Whether an action is told the resource by its identifier, as in `deployment_id`."""
    _, _, identifier = resource_id.rpartition(".")
    return any(identifier in action.values() for action in actions)
