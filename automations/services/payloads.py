"""An automation as its events tell it."""

from __future__ import annotations

from typing import Any

from automations.models import Automation
from orchestrator.contract.events import resource
from orchestrator.contract.times import format_time


def payload_of(automation: Automation) -> dict[str, Any]:
    return {
        "id": str(automation.pk),
        "name": automation.name,
        "description": automation.description,
        "enabled": automation.enabled,
        "tags": automation.tags,
        "trigger": automation.trigger,
        "actions": automation.actions,
        "actions_on_trigger": automation.actions_on_trigger,
        "actions_on_resolve": automation.actions_on_resolve,
        "created": format_time(automation.created),
        "updated": format_time(automation.updated),
    }


def resource_of(automation: Automation) -> dict[str, str]:
    """With the trigger's kind, as what an automation does tells it."""
    labels = {"prefect.posture": automation.trigger["posture"], "prefect.trigger-type": automation.trigger["type"]}
    return resource("automation", automation.pk, name=automation.name, **labels)


def triggering_event(event: dict[str, Any], role: str = "triggering-event") -> dict[str, str]:
    return resource("event", event["id"], role=role)
