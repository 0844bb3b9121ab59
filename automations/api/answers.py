"""How automations look in an answer."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from automations.models import Automation


def automation_answers(rows: QuerySet) -> list[dict[str, Any]]:
    return [automation_answer(automation) for automation in rows]


def automation_answer(automation: Automation) -> dict[str, Any]:
    return {
        "id": automation.pk,
        "created": automation.created,
        "updated": automation.updated,
        "name": automation.name,
        "description": automation.description,
        "enabled": automation.enabled,
        "tags": automation.tags,
        "trigger": automation.trigger,
        "actions": automation.actions,
        "actions_on_trigger": automation.actions_on_trigger,
        "actions_on_resolve": automation.actions_on_resolve,
    }
