"""Past hours with their runs by state: counted in the background, and forgotten as soon as one of their runs changes.

Young hours are left out, because their runs still change all the time: whoever needs them counts the runs. What is
forgotten is counted again by the next round; until then, too, the runs themselves are counted. An hour is forgotten
after the commit of the change, and counted while its row is locked. So a count that missed the change is forgotten
after it was written, and one that begins later sees the change. Should a server be killed between the two, or a subflow
lose the task run of its parent, a count is wrong until it is its turn to be checked, within a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Count, Max, Min

from orchestrator.contract.times import now
from runs.models import FlowRun, HourCount
from runs.models.hour_counts import Counts, hour_of

HOUR = timedelta(hours=1)
YOUNG = timedelta(hours=2)  # that ended less than this ago
KEPT = timedelta(days=62)  # as far as charts look back
CHECKED_AFTER = timedelta(days=1)
CHECKED_AT_ONCE = 2  # one round a minute checks all of them within the day
COUNTED_AT_ONCE = 24
_READ = ("hour", "counts")


def known_hours(since: datetime, until: datetime) -> dict[datetime, Counts]:
    """The hours that lie wholly in the span and are counted, with what was found: type of state, name, and number."""
    rows = HourCount.objects.known().filter(hour__gte=since, hour__lte=until - HOUR)
    return {
        hour: [(type_, name, number) for type_, name, number in counts] for hour, counts in rows.values_list(*_READ)
    }


def forget_hours(moments: Iterable[datetime | None]) -> None:
    """After this transaction, count the hours of these moments again: a run that lies there changed."""
    at = now()
    hours = {hour_of(moment) for moment in moments if moment is not None and at - KEPT < moment < at - YOUNG / 2}
    if hours:
        transaction.on_commit(partial(_forget, hours), robust=True)


def _forget(hours: set[datetime]) -> None:
    # One by one: two who lock several rows at once could wait for each other. It is one or two. Also one that is not
    # known: somebody may be about to write what they counted.
    for hour in hours:
        HourCount.objects.filter(hour=hour).update(counted_at=None)


def count_hours() -> int:
    """Count a batch of the hours that are not known, the newest first. Returns how many."""
    _open_hours(now())
    waiting = HourCount.objects.uncounted().order_by("-hour").values_list("hour", flat=True)
    return sum(_count(hour) for hour in list(waiting[:COUNTED_AT_ONCE]))


def check_hours() -> int:
    """Count again what was counted longest ago. Returns how many hours."""
    outdated = HourCount.objects.filter(counted_at__lt=now() - CHECKED_AFTER).order_by("counted_at")
    return sum(_count(hour) for hour in list(outdated.values_list("hour", flat=True)[:CHECKED_AT_ONCE]))


def forget_old_hours() -> int:
    return HourCount.objects.filter(hour__lt=now() - KEPT)._raw_delete(HourCount.objects.db)


def _open_hours(at: datetime) -> None:
    """Make the rows of the hours that ended since the last round; the first time those of all hours with runs."""
    last: datetime | None = HourCount.objects.aggregate(last=Max("hour"))["last"]
    begin = last + HOUR if last else _first_hour(at)
    if begin is None:
        return
    hours = []
    while begin + HOUR <= at - YOUNG:
        hours.append(HourCount(hour=begin))
        begin += HOUR
    HourCount.objects.bulk_create(hours, ignore_conflicts=True)


def _first_hour(at: datetime) -> datetime | None:
    """The hour of the first run that charts look back on, or None when there is none yet."""
    runs = FlowRun.objects.newest_first().filter(sort_time__gt=at - KEPT)
    first: datetime | None = runs.order_by().aggregate(first=Min("sort_time"))["first"]
    return hour_of(first) if first else None


@transaction.atomic
def _count(hour: datetime) -> int:
    if not HourCount.objects.select_for_update().filter(hour=hour).exists():
        return 0
    runs = FlowRun.objects.top_level().newest_first().filter(sort_time__gte=hour, sort_time__lt=hour + HOUR)
    rows = runs.order_by().values_list("state_type", "state_name").annotate(number=Count("*"))
    counts = [list(row) for row in rows]
    return HourCount.objects.filter(hour=hour).update(counts=counts, counted_at=now())
