"""How many runs of each look a day has: past days once a minute for each filter, and none beyond MOST_OF_DAY."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, IntegerField, Value
from django.http import QueryDict
from django.utils import timezone

from orchestrator.pages.addresses import address_of
from orchestrator.pages.filters.selection import read_selection
from orchestrator.pages.looks import look_of
from orchestrator.web.kept import Kept
from runs.models import FlowRun
from runs.pages.run_filter import TERMS, WORDS, shows_subflows

KEPT_SECONDS = 60.0
MOST_OF_DAY = 5_000  # runs that are counted: so a month takes half a second, however many it has

Counts = dict[date, Counter[str]]

_past: Kept[Counts] = Kept(KEPT_SECONDS)


def counts_of_days(begin: date, end: date, query: QueryDict, now: datetime) -> Counts:
    """From `begin` to the day before `end`, by the reader's clock; at most two queries.

    A day of MOST_OF_DAY runs has that many or more: of those beyond none is counted.
    """
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
    """One query of a part for each day, each of which reads the first runs of its day in the index of times."""
    wanted = read_selection(query, address_of("runs"), TERMS, WORDS, now=now)
    matching = FlowRun.objects.newest_first().filter(wanted.q).order_by("sort_time")
    if not shows_subflows(query):
        matching = matching.top_level()
    parts = []
    for number in range((end - begin).days):
        day = begin + timedelta(days=number)
        of_day = matching.filter(sort_time__gte=_midnight(day), sort_time__lt=_midnight(day + timedelta(days=1)))
        parts.append(
            FlowRun.objects.filter(pk__in=of_day.values("pk")[:MOST_OF_DAY])
            .order_by()
            .annotate(day=Value(number, output_field=IntegerField()))
            .values_list("day", "state_type", "state_name")
            .annotate(number=Count("pk"))
        )
    counts: Counts = {}
    for at, state_type, state_name, runs in parts[0].union(*parts[1:], all=True):
        counts.setdefault(begin + timedelta(days=at), Counter())[look_of(state_type, state_name).tone] += runs
    return counts


def _in_address(day: date) -> str:
    return f"{_midnight(day).astimezone(UTC):%Y-%m-%dT%H:%M}Z"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())
