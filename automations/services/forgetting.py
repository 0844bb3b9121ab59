"""What triggers counted in windows that are over, and firings whose actions were done long ago, are deleted."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from automations.models import Firing, TriggerBucket
from orchestrator.contract.times import now

BATCH = 500  # rows of each kind that one call deletes
KEEP_FIRINGS = timedelta(days=7)
# Events may be shown some time after they occurred, and the window of a bucket is in the time of the events.
KEEP_WINDOWS = timedelta(minutes=15)


def forget_what_is_over() -> int:
    """Returns how many rows were deleted."""
    at = now()
    windows = TriggerBucket.objects.filter(end__lt=at - KEEP_WINDOWS)
    firings = Firing.objects.filter(done_at__lt=at - KEEP_FIRINGS)
    return sum(_delete_some(rows) for rows in (windows, firings))


def _delete_some(rows: QuerySet) -> int:
    some = list(rows.values_list("pk", flat=True)[:BATCH])
    return rows.filter(pk__in=some).delete()[0] if some else 0
