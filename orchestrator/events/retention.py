"""Old events are deleted, a batch at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from orchestrator.contract.events import HEARTBEAT
from orchestrator.contract.times import now
from orchestrator.events.models import Event, RelatedResource

BATCH = 500  # events that one transaction deletes


def delete_old_events() -> int:
    """Delete a batch of the events that are kept no longer, with their related resources. Returns how many events."""
    return _delete(Event.objects.filter(occurred__lt=_kept_since(settings.EVENTS_RETENTION_DAYS)))


def delete_old_heartbeats() -> int:
    """The same for the events that are but signs of life, which have a time of their own."""
    return _delete(Event.objects.filter(event=HEARTBEAT, occurred__lt=_kept_since(settings.HEARTBEATS_RETENTION_DAYS)))


def _kept_since(days: int) -> datetime:
    return now() - timedelta(days=days)


def _delete(events: QuerySet[Event]) -> int:
    numbers = list(events.order_by("occurred").values_list("pk", flat=True)[:BATCH])
    if not numbers:
        return 0
    with transaction.atomic():
        # Without looking at each row: nothing but these two tables hangs together here.
        related = RelatedResource.objects.filter(event__in=numbers)
        related._raw_delete(related.db)
        old = Event.objects.filter(pk__in=numbers)
        return old._raw_delete(old.db)
