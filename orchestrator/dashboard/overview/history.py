"""Runs of the chosen stretch of time by state, and of the same stretch before it. One query; one more for tasks."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import BooleanField, Case, Count, Value, When

from orchestrator.contract.states import StateType
from orchestrator.dashboard.overview.under_way import SOON
from orchestrator.pages.addresses import address_of
from orchestrator.pages.charts.bars import Bars, Bucket, stacked_bars
from orchestrator.pages.charts.steps import StepNumber, start_of_step, step_between, step_starts, step_words
from orchestrator.pages.looks import TONE_WORDS, TONES, look_of
from runs.models import FlowRun, TaskRun

MOST_BARS = 32
MOST_TASKS = 10_000  # task runs that are counted; of more, the newest


@dataclass(frozen=True, slots=True)
class History:
    """`now` and `before` count by type of state, runs that are nobody's subflow."""

    now: Counter[str]
    before: Counter[str]
    bars: Bars
    step: str

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
        rows = rows.filter(tag_rows__tag=tag)
    is_now = Case(When(sort_time__gte=since, then=Value(True)), default=Value(False), output_field=BooleanField())
    counted = (
        rows.order_by()
        .annotate(place=StepNumber("sort_time", step), is_now=is_now)
        .values_list("place", "is_now", "state_type", "state_name")
        .annotate(number=Count("pk"))
    )
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
