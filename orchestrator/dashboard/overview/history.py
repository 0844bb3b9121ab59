"""Runs of the chosen stretch of time by state, and of the same stretch before it; and its task runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from orchestrator.contract.states import StateType
from orchestrator.dashboard.overview.run_counts import RunCounts, read_counts
from orchestrator.pages.addresses import address_of
from orchestrator.pages.charts.bars import Bars, Bucket, stacked_bars
from orchestrator.pages.charts.steps import step_between, step_starts, step_words
from orchestrator.pages.looks import TONE_WORDS, TONES, look_of

MOST_BARS = 32


@dataclass(frozen=True, slots=True)
class Tasks:
    """The newest task runs. `numbers`: tone, its word and number, in the order of tones."""

    numbers: tuple[tuple[str, str, int], ...]
    total: str
    is_capped: bool


@dataclass(frozen=True, slots=True)
class History:
    """`now` and `before` count by type of state, runs that are nobody's subflow. Capped: there are more."""

    now: Counter[str | None]
    before: Counter[str | None]
    is_capped: bool
    was_capped: bool
    tasks: Tasks
    bars: Bars
    step: str

    @property
    def is_empty(self) -> bool:
        return not self.now and not self.before


def read_history(now: datetime, span: timedelta, words: str, tag: str = "") -> History:
    """Two queries."""
    step = step_between(now - span, now, most=MOST_BARS)
    counts = read_counts(now, span, step, tag)
    tones: dict[datetime, Counter[str]] = defaultdict(Counter)
    for (start, state), number in counts.now.items():
        tones[start][look_of(*state).tone] += number
    buckets = [
        Bucket(start, tones.get(start, {}), _list_of(start, step, tag)) for start in step_starts(now - span, now, step)
    ]
    return History(
        now=_by_type((state, number) for (_, state), number in counts.now.items()),
        before=_by_type(counts.before.items()),
        is_capped=counts.is_capped,
        was_capped=counts.was_capped,
        tasks=_tasks(counts),
        bars=stacked_bars(buckets, sentence=_sentence(buckets, words)),
        step=step_words(step),
    )


def failed_in(counts: Counter[str | None]) -> int:
    return counts[StateType.FAILED] + counts[StateType.CRASHED]


def ended_in(counts: Counter[str | None]) -> int:
    return failed_in(counts) + counts[StateType.COMPLETED] + counts[StateType.CANCELLED]


def _by_type(counts: Iterable[tuple[tuple[str | None, str | None], int]]) -> Counter[str | None]:
    found: Counter[str | None] = Counter()
    for (state_type, _), number in counts:
        found[state_type] += number
    return found


def _tasks(counts: RunCounts) -> Tasks:
    tones: Counter[str] = Counter()
    for state, number in counts.tasks.items():
        tones[look_of(*state).tone] += number
    numbers = tuple((tone, TONE_WORDS[tone], tones[tone]) for tone in TONES if tones[tone])
    return Tasks(numbers, f"{tones.total():,}{'+' if counts.tasks_are_capped else ''}", counts.tasks_are_capped)


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
