"""How many events there were, step by step: the chart above the list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import BooleanField, Case, Min, Q, Value, When
from django.http import HttpRequest

from orchestrator.events.models import EventQuerySet
from orchestrator.events.pages.event_query import EventQuery
from orchestrator.pages.charts.bars import Bars, Bucket, stacked_bars
from orchestrator.pages.charts.steps import count_by_step, step_between, step_starts
from orchestrator.pages.time_range import url_between

FAILURE = Q(event__endswith=".Failed") | Q(event__endswith=".Crashed") | Q(event__endswith=".failed")
WORDS = {"failed": "failures", "running": "events"}
LEAST_SPAN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Volume:
    bars: Bars
    number: int


def volume_of(request: HttpRequest, wanted: EventQuery, rows: EventQuerySet, since: datetime | None) -> Volume:
    """`rows` counted. `since`: nothing earlier is counted; None counts the whole range. At most two queries."""
    until = wanted.range.until or wanted.range.now
    begin = max(filter(None, (since, wanted.range.since)), default=None)
    if begin is None:
        begin = rows.aggregate(first=Min("occurred"))["first"] or until
    begin = min(begin, until - LEAST_SPAN)
    step = step_between(begin, until)
    counts: dict[datetime, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    counted = rows.filter(occurred__gte=begin).annotate(
        is_failure=Case(When(FAILURE, then=Value(True)), default=Value(False), output_field=BooleanField())
    )
    for start, is_failure, number in count_by_step(counted, "occurred", step, "is_failure"):
        counts[start]["failed" if is_failure else "running"] += number
    buckets = [
        Bucket(
            start,
            dict(counts.get(start, {})),
            url=url_between(request, start, start + step) if start in counts else "",
            title=_title(start, counts.get(start, {})),
        )
        for start in step_starts(begin, until, step)
    ]
    number = sum(bucket.total for bucket in buckets)
    bars = stacked_bars(buckets, sentence=f"{number:,} events over time", height=40)
    tones = tuple((tone, WORDS[tone], f"{count:,}") for tone, _, count in bars.tones)
    return Volume(bars=replace(bars, tones=tones), number=number)  # type: ignore[arg-type]


def _title(start: datetime, counts: dict[str, int]) -> str:
    numbers = ", ".join(f"{number:,} {WORDS[tone]}" for tone, number in counts.items())
    return f"{start:%Y-%m-%d %H:%M:%S} UTC: {numbers or 'none'}"
