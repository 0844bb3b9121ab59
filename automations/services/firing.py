"""Doing what automations were made for: the actions of triggers that fired."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from automations.errors import ActionFailed
from automations.models import Automation, Firing
from automations.services.actions import Occasion, perform
from automations.services.payloads import resource_of, triggering_event
from orchestrator.contract.times import now
from orchestrator.events.emit import emit

BATCH = 50  # firings that one call looks after


def act_on_firings() -> int:
    """Do the actions of a batch of firings, oldest first. Returns of how many.

    Each firing is one transaction: killed in the middle, all its actions are done again, and the run of a deployment
    that was made is the same one. Actions of one firing stand for themselves: one that fails stops no other.
    """
    done = 0
    for firing_id in list(Firing.objects.waiting().values_list("pk", flat=True)[:BATCH]):
        done += _act(firing_id)
    return done


def _act(firing_id: Any) -> bool:
    with transaction.atomic():
        firing = Firing.objects.select_for_update(skip_locked=True).filter(pk=firing_id, done_at=None).first()
        if firing is None:
            return False  # somebody else is at it
        automation = Automation.objects.get(pk=firing.automation_id)
        for index, action in enumerate([*automation.actions, *automation.actions_on_trigger]):
            _do(automation, firing, index, action)
        Firing.objects.filter(pk=firing.pk).update(done_at=now())
    return True


def _do(automation: Automation, firing: Firing, index: int, action: dict[str, Any]) -> None:
    occasion = Occasion(automation, firing, index)
    _tell(occasion, action, "triggered", {}, [])
    try:
        with transaction.atomic():
            targets = perform(action, occasion)
    except ActionFailed as error:
        _tell(occasion, action, "failed", {"reason": str(error)}, [])
    else:
        _tell(occasion, action, "executed", {}, targets)


def _tell(
    occasion: Occasion, action: dict[str, Any], what: str, details: dict[str, Any], targets: list[dict[str, str]]
) -> None:
    firing = occasion.firing
    role = "automation-triggered-event" if what == "triggered" else "triggering-event"
    emit(
        event=f"prefect.automation.action.{what}",
        resource=resource_of(occasion.automation),
        related=[*targets, triggering_event(firing.event, role)],
        payload={
            "action_index": occasion.index,
            "action_type": action["type"],
            "invocation": str(firing.pk),
            **details,
        },
    )
