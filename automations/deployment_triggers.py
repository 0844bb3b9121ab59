"""The automations around a deployment, for its page: those that act on it, and those that belong to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse

from automations.models import Automation
from deployments.pages.beside import MOST, Trigger

_MOST_EVENTS = 3  # that a sentence names


def triggers_of_deployment(deployment_id: UUID) -> list[Trigger]:
    """One query."""
    around = Automation.objects.around(f"prefect.deployment.{deployment_id}").order_by("name", "pk")
    return [
        Trigger(
            name=one.name,
            sentence=_sentence(one),
            is_on=one.enabled,
            admin_url=reverse("admin:automations_automation_change", args=[one.pk]),
        )
        for one in around[:MOST]
    ]


def _sentence(automation: Automation) -> str:
    """`on prefect.flow-run.Failed: pause-deployment`."""
    events = list(dict.fromkeys(_events(automation.trigger)))
    more = f" and {len(events) - _MOST_EVENTS} more" if len(events) > _MOST_EVENTS else ""
    actions = ", ".join(str(action.get("type", "")) for action in [*automation.actions, *automation.actions_on_trigger])
    return f"on {', '.join(events[:_MOST_EVENTS]) or 'any event'}{more}: {actions or 'nothing'}"


def _events(trigger: Mapping[str, Any]) -> Iterator[str]:
    """The events that it expects, those of the triggers inside it too."""
    yield from (str(event) for event in trigger.get("expect") or ())
    for inner in trigger.get("triggers") or ():
        yield from _events(inner)
