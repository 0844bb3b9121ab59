"""Doing what automations were made for: the actions of triggers that fired."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, transaction

from automations.errors import ActionFailed
from automations.models import Firing
from automations.services.actions import Occasion, perform, prepare
from automations.services.payloads import resource_of, triggering_event
from orchestrator.contract.times import now
from orchestrator.events.emit import emit

BATCH = 50  # firings that one call looks after
SECONDS = 2.0  # after which one call begins no other firing

R = TypeVar("R")
logger = logging.getLogger(__name__)


def act_on_firings() -> int:
    """Do the actions of a batch of firings, oldest first. Returns of how many.

    Each firing is one transaction: killed in the middle, all its actions are done again, and the run of a deployment
    that was made is the same one. Actions of one firing stand for themselves: one that fails stops no other.
    """
    done = 0
    until = monotonic() + SECONDS
    for firing_id in list(Firing.objects.waiting().values_list("pk", flat=True)[:BATCH]):
        done += _act(firing_id)
        if monotonic() >= until:
            break
    return done


def _act(firing_id: Any) -> bool:
    found = Firing.objects.select_related("automation").filter(pk=firing_id, done_at=None).first()
    if found is None:
        return False  # somebody else did it
    ready = _prepared(found)
    with transaction.atomic():
        firing = Firing.objects.select_for_update(skip_locked=True).filter(pk=firing_id, done_at=None).first()
        if firing is None:
            return False  # somebody else is at it
        for occasion, action in ready:
            _do(occasion, action)
        Firing.objects.filter(pk=firing.pk).update(done_at=now())
    return True


Prepared = dict[str, Any] | ActionFailed  # an action, or why it cannot be done
_TOO_LATE = ActionFailed("The templates of the actions before it took too long.")


def _prepared(firing: Firing) -> list[tuple[Occasion, Prepared]]:
    """The actions of a firing, each with its templates filled in: that may take seconds, in which nothing is locked."""
    automation = firing.automation
    until = monotonic() + SECONDS
    ready: list[tuple[Occasion, Prepared]] = []
    for index, action in enumerate([*automation.actions, *automation.actions_on_trigger]):
        occasion = Occasion(automation, firing, index)
        late = monotonic() >= until
        ready.append((occasion, _TOO_LATE if late else _attempt(prepare, action, occasion)))
    return ready


def _do(occasion: Occasion, prepared: Prepared) -> None:
    _tell(occasion, "triggered", {}, [])
    done = prepared if isinstance(prepared, ActionFailed) else _attempt(_perform, prepared, occasion)
    if isinstance(done, ActionFailed):
        _tell(occasion, "failed", {"reason": str(done)}, [])
    else:
        _tell(occasion, "executed", {}, done)


def _perform(action: dict[str, Any], occasion: Occasion) -> list[dict[str, str]]:
    with transaction.atomic():
        return perform(action, occasion)


def _attempt(
    step: Callable[[dict[str, Any], Occasion], R], action: dict[str, Any], occasion: Occasion
) -> R | ActionFailed:
    """What the step gives, or why it failed. Firings are done in their order, so none may stop those behind it."""
    try:
        return step(action, occasion)
    except ActionFailed as error:
        return error
    except (InterfaceError, OperationalError):
        raise  # of the database, not of the action: it is tried again
    except Exception:
        logger.exception("Action %s of automation %s failed", occasion.index, occasion.automation.pk)
        return ActionFailed("The server could not do it; its log says why.")


def _tell(occasion: Occasion, what: str, details: dict[str, Any], targets: list[dict[str, str]]) -> None:
    firing = occasion.firing
    role = "automation-triggered-event" if what == "triggered" else "triggering-event"
    emit(
        event=f"prefect.automation.action.{what}",
        resource=resource_of(occasion.automation),
        related=[*targets, triggering_event(firing.event, role)],
        payload={
            "action_index": occasion.index,
            "action_type": occasion.action["type"],
            "invocation": str(firing.pk),
            **details,
        },
    )
