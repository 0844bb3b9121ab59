"""Runs of the chosen stretch of time by state, and of the same stretch before it. One query; one more for tasks."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Value

from orchestrator.contract.states import StateType
from orchestrator.dashboard.overview.under_way import SOON
from orchestrator.pages.addresses import address_of
from orchestrator.pages.charts.bars import Bars, Bucket, stacked_bars
from orchestrator.pages.charts.steps import StepNumber, start_of_step, step_between, step_starts, step_words
from orchestrator.pages.looks import TONE_WORDS, TONES, look_of
from runs.models import FlowRun, FlowRunTag, TaskRun
from runs.models.run import RunQuerySet

MOST_BARS = 32
MOST_RUNS = 10_000  # that are counted of each stretch; of more, the newest
MOST_TASKS = 10_000  # the same of task runs


@dataclass(frozen=True, slots=True)
class History:
    """`now` and `before` count by type of state, runs that are nobody's subflow."""

    now: Counter[str]
    before: Counter[str]
    bars: Bars
    step: str

    @property
    def is_capped(self) -> bool:
        """Whether there are more than were counted now."""
        return self.now.total() >= MOST_RUNS

    @property
    def was_capped(self) -> bool:
        return self.before.total() >= MOST_RUNS

    @property
    def is_empty(self) -> bool:
        return not self.now and not self.before


@dataclass(frozen=True, slots=True)
class Tasks:
    """`numbers`: tone, icon's word and number, in the order of tones."""

    numbers: tuple[tuple[str, str, int], ...]
    total: str
    is_capped: bool


def read_history(now: datetime, span: timedelta, words: str, tag: str = "") -> History:
    since = now - span
    step = step_between(since, now, most=MOST_BARS)
    rows = FlowRun.objects.top_level().newest_first().filter(sort_time__gte=since - span, sort_time__lte=now + SOON)
    rows = rows.exclude(state_type=StateType.SCHEDULED, sort_time__gt=now)
    if tag:
        rows = rows.filter(Exists(FlowRunTag.objects.filter(flow_run=OuterRef("pk"), tag=tag)))
    now_counted = _counted(rows.filter(sort_time__gte=since), step, is_now=True)
    counted = now_counted.union(_counted(rows.filter(sort_time__lt=since), step, is_now=False), all=True)
    of_now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    tones: dict[datetime, Counter[str]] = defaultdict(Counter)
    for place, belongs_to_now, state_type, state_name, number in counted:
        if belongs_to_now:
            of_now[state_type] += number
            tones[start_of_step(place, step)][look_of(state_type, state_name).tone] += number
        else:
            before[state_type] += number
    buckets = [
        Bucket(start, tones.get(start, {}), _list_of(start, step, tag)) for start in step_starts(since, now, step)
    ]
    return History(of_now, before, stacked_bars(buckets, sentence=_sentence(buckets, words)), step_words(step))


def _counted(rows: RunQuerySet, step: timedelta, *, is_now: bool) -> Any:
    """The newest of them by step and state."""
    newest = FlowRun.objects.newest_first().filter(pk__in=rows.values("pk")[:MOST_RUNS])
    placed = newest.order_by().annotate(place=StepNumber("sort_time", step), is_now=Value(is_now))
    return placed.values_list("place", "is_now", "state_type", "state_name").annotate(number=Count("pk"))


def failed_in(counts: Counter[str]) -> int:
    return counts[StateType.FAILED] + counts[StateType.CRASHED]


def ended_in(counts: Counter[str]) -> int:
    return failed_in(counts) + counts[StateType.COMPLETED] + counts[StateType.CANCELLED]


def count_tasks(now: datetime, span: timedelta) -> Tasks:
    """The newest task runs of the stretch by their state."""
    newest = TaskRun.objects.newest_first().filter(sort_time__gte=now - span, sort_time__lte=now)
    states = list(newest.values_list("state_type", "state_name")[: MOST_TASKS + 1])
    is_capped = len(states) > MOST_TASKS
    counts = Counter(look_of(*state).tone for state in states[:MOST_TASKS])
    numbers = tuple((tone, TONE_WORDS[tone], counts[tone]) for tone in TONES if counts[tone])
    return Tasks(numbers, f"{counts.total():,}{'+' if is_capped else ''}", is_capped)


def _list_of(start: datetime, step: timedelta, tag: str) -> str:
    span = {"from": f"{start:%Y-%m-%dT%H:%MZ}", "to": f"{start + step:%Y-%m-%dT%H:%MZ}"}
    query = span | ({"tag": tag} if tag else {})
    return f"{address_of('runs')}?{urlencode(query, safe=':')}"


def _sentence(buckets: list[Bucket], words: str) -> str:
    counts: Counter[str] = Counter()
    for bucket in buckets:
        counts.update(bucket.counts)
    said = ", ".join(f"{counts[tone]} {TONE_WORDS[tone]}" for tone in TONES if counts[tone])
    return f"Runs by state, {words.lower()}: {said or 'none'}"
