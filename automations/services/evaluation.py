"""Showing the event log to the triggers: each event once, in the order of its arrival, in bounded batches."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Max

from automations.models import Automation, Firing, TriggerBucket, TriggerPosition
from automations.orchestration.matching import covers, values_of
from automations.orchestration.reactive import Window, count_event
from automations.services.payloads import resource_of, triggering_event
from orchestrator.contract.times import now
from orchestrator.events.emit import emit
from orchestrator.events.models import Event
from orchestrator.statements.open_transactions import is_writing_since

BATCH = 200  # events that one call shows to the triggers
SECONDS = 2.0  # after which one call shows no other event
# A number that is missing in the log may belong to a transaction that is not committed yet. After this it is given up,
# unless somebody has been writing for so long; then it is waited for, but not for somebody who forgot to commit.
GAP_PATIENCE = timedelta(seconds=3)
LONGEST_GAP_PATIENCE = timedelta(minutes=2)
# What automations report about themselves makes no automation fire: nothing feeds itself.
OWN_EVENTS = "prefect.automation."

logger = logging.getLogger(__name__)


def evaluate_events() -> int:
    """Show the next events of the log to every enabled automation. Returns how many were shown.

    What they count, what fires, and how far the log was read are one transaction: a process that is killed has shown
    an event to all triggers or to none. Nothing is read while no automation is enabled.
    """
    if not Automation.objects.enabled().exists():
        return 0
    with transaction.atomic():
        position = TriggerPosition.objects.select_for_update().first()
        if position is None:
            begin_at_end_of_log()
            return 0
        events = _next_events(position.sequence)
        if not events:
            return 0
        automations = list(Automation.objects.enabled().order_by("pk"))
        until = monotonic() + SECONDS
        shown = 0
        for event in events:
            _show(event, automations)
            shown += 1
            if monotonic() >= until:
                break
        TriggerPosition.objects.update(sequence=events[shown - 1].sequence)
    return shown


def begin_at_end_of_log() -> None:
    """Before the first automation is enabled: what happened while there was none concerns nobody."""
    if Automation.objects.enabled().exists() and TriggerPosition.objects.exists():
        return
    last = Event.objects.aggregate(last=Max("sequence"))["last"] or 0
    TriggerPosition.objects.update_or_create(pk=1, defaults={"sequence": last})


def _next_events(after: int) -> list[Event]:
    """Up to the first number that is missing, as long as it may still come."""
    events = list(Event.objects.filter(sequence__gt=after).order_by("sequence")[:BATCH])
    before = after
    for index, event in enumerate(events):
        if event.sequence != before + 1 and _may_still_come(event):
            return events[:index]
        before = event.sequence
    return events


def _may_still_come(follower: Event) -> bool:
    """What has the number before this event's, which is missing."""
    waited = now() - follower.received
    if waited < GAP_PATIENCE:
        return True
    return waited < LONGEST_GAP_PATIENCE and is_writing_since(follower.received + GAP_PATIENCE)


def _show(event: Event, automations: Iterable[Automation]) -> None:
    if event.event.startswith(OWN_EVENTS):
        return
    for automation in automations:
        trigger = automation.trigger
        try:
            if covers(trigger, resource=event.resource, related=event.related):
                with transaction.atomic():
                    _count(automation, trigger, event)
        except (InterfaceError, OperationalError):
            raise  # of the database: all of them see the event again
        except Exception:
            # One event that somebody made up, or one trigger, must not end the log for all others.
            logger.exception("Event %s could not be shown to automation %s", event.id, automation.pk)


def _count(automation: Automation, trigger: dict[str, Any], event: Event) -> None:
    labels = values_of(trigger.get("for_each") or [], resource=event.resource, related=event.related)
    digest = hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()
    buckets = TriggerBucket.objects.filter(trigger_id=trigger["id"], key_digest=digest)
    bucket = buckets.first()
    before = Window(bucket.start, bucket.end, bucket.count, bucket.fired) if bucket else None
    window, fires = count_event(trigger, before, name=event.event, occurred=event.occurred)
    if window is None:
        if bucket is not None:
            bucket.delete()
    elif window != before:
        values = {"start": window.start, "end": window.end, "count": window.count, "fired": window.fired}
        TriggerBucket.objects.update_or_create(
            trigger_id=trigger["id"], key_digest=digest, defaults={"automation": automation, **values}
        )
    if fires:
        _fire(automation, event, labels)


def _fire(automation: Automation, event: Event, labels: dict[str, str]) -> None:
    """The actions are done later, by `services/firing.py`: what they cost must not hold up the log."""
    wire = event.to_wire()
    firing = Firing.objects.create(automation=automation, fired_at=now(), event=wire, labels=labels)
    emit(
        event="prefect.automation.triggered",
        resource=resource_of(automation),
        related=[triggering_event(wire)],
        payload={
            "triggering_labels": labels,
            "triggering_event": wire,
            "invocation": str(firing.pk),
        },
    )
