"""How many runs of each look a day has. Past days are counted once a minute for each filter."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count
from django.http import QueryDict
from django.utils import timezone

from orchestrator.pages.addresses import address_of
from orchestrator.pages.charts.steps import StepNumber, start_of_step
from orchestrator.pages.kept import Kept
from orchestrator.pages.looks import look_of
from runs.pages.run_filter import matching_runs

KEPT_SECONDS = 60.0
_STEP = timedelta(minutes=15)  # no zone begins its days at a finer step

Counts = dict[date, Counter[str]]

_past: Kept[Counts] = Kept(KEPT_SECONDS)


def counts_of_days(begin: date, end: date, query: QueryDict, now: datetime) -> Counts:
    """From `begin` to the day before `end`, by the reader's clock; at most two queries."""
    today = min(max(timezone.localtime(now).date(), begin), end)
    counts: Counts = {}
    if begin < today:
        key = (begin, today, query.urlencode(), str(timezone.get_current_timezone()))
        counts |= _past.get(key, lambda: _counted(begin, today, query, now))
    if today < end:
        counts |= _counted(today, end, query, now)
    return counts


def within_days(query: QueryDict, begin: date, end: date) -> QueryDict:
    """The filter of the list of runs for these days."""
    asked = query.copy()
    asked["from"], asked["to"] = _in_address(begin), _in_address(end)
    return asked


def _counted(begin: date, end: date, query: QueryDict, now: datetime) -> Counts:
    rows = (
        matching_runs(within_days(query, begin, end), address_of("runs"), now=now)
        .order_by()
        .annotate(place=StepNumber("sort_time", _STEP))
        .values_list("place", "state_type", "state_name")
        .annotate(number=Count("pk"))
    )
    counts: Counts = {}
    for place, state_type, state_name, number in rows:
        day = timezone.localtime(start_of_step(place, _STEP)).date()
        counts.setdefault(day, Counter())[look_of(state_type, state_name).tone] += number
    return counts


def _in_address(day: date) -> str:
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())
    return f"{midnight.astimezone(UTC):%Y-%m-%dT%H:%M}Z"
