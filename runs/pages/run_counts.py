"""How many runs of each state there are, and when: one query for the chips, the sentence and the bars of the list."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, CharField, Count, Q, QuerySet, Value, When

from orchestrator.pages.charts.bars import Bars, Bucket, stacked_bars
from orchestrator.pages.charts.steps import StepNumber, start_of_step, step_between, step_starts
from orchestrator.pages.looks import look_of
from orchestrator.pages.time_range import TimeRange
from orchestrator.statements.counting import count_groups

MOST_COUNTED = 10_000  # the newest runs; of more it is said that there are more
MOST_BESIDE = 1_000  # of those that stand beside what was asked for
MOST_OF_EACH = 2_000  # of what is counted by itself
BARS = 42  # at most
HEIGHT = 40.0  # px
_ALL_TIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Group:
    start: datetime  # of the step of time
    state_type: str | None
    state_name: str | None
    is_subflow: bool
    number: int


@dataclass(frozen=True, slots=True)
class Counts:
    groups: tuple[Group, ...]
    step: timedelta
    most: int  # the newest ones that were counted

    @property
    def is_full(self) -> bool:
        """Whether there may be more than were counted."""
        return sum(group.number for group in self.groups) >= self.most

    def of(self, wanted: Callable[[Group], bool]) -> int:
        return sum(group.number for group in self.groups if wanted(group))

    def words(self, number: int) -> str:
        return f"{number:,}{'+' if self.is_full else ''}"


def count_states(
    runs: QuerySet[Any], range_: TimeRange, *, asked: Q | None, parent: str | None = None
) -> tuple[Counts, Counts]:
    """Of runs in any state, and of those in the states that are `asked` for, by step of time. Two queries at most.

    Who asks for states looks at runs in these: of all others only a few of the newest are counted, to say that there
    are some. `parent` is the column that is empty unless a run is a subflow.
    """
    if asked is None:
        counts = _count_runs(runs, range_, parent=parent, most=MOST_COUNTED)
        return counts, counts
    of_any_state = _count_runs(runs, range_, parent=parent, most=MOST_BESIDE)
    if not of_any_state.is_full:
        return of_any_state, of_any_state
    return of_any_state, _count_runs(runs.filter(asked), range_, parent=parent, most=MOST_COUNTED)


def _count_runs(runs: QuerySet[Any], range_: TimeRange, *, parent: str | None, most: int) -> Counts:
    step = step_of(range_)
    return counts_of(count_groups(in_steps(runs, step, parent=parent, most=most)), step, most)


def step_of(range_: TimeRange) -> timedelta:
    """The step of time by which the runs of a range are counted."""
    return step_between(range_.since, range_.until or range_.now, most=BARS) if range_.since else _ALL_TIME


def in_steps(runs: QuerySet[Any], step: timedelta, *, parent: str | None, most: int) -> QuerySet[Any, Any]:
    """The newest runs by what they are counted by, for `count_groups`."""
    is_subflow: Any = Value(False)
    if parent:
        is_subflow = Case(
            When(**{f"{parent}__isnull": True}, then=Value(False)), default=Value(True), output_field=BooleanField()
        )
    placed = runs.order_by("-sort_time").annotate(place=StepNumber("sort_time", step), inner=is_subflow)
    return placed.values_list("place", "state_type", "state_name", "inner")[:most]


def counts_of(counted: Iterable[tuple[Any, ...]], step: timedelta, most: int) -> Counts:
    """What `count_groups` answers for them."""
    groups = tuple(
        Group(start_of_step(place, step), type_, name, bool(inner), number)
        for place, type_, name, inner, number in counted
    )
    return Counts(groups, step, most)


def count_each(parts: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """How many rows each part has, up to MOST_OF_EACH. One query at most."""
    counted = [number_of_each(rows, name).values_list("part", "number") for name, rows in parts.items()]
    if len(counted) < 2:
        return dict(counted[0]) if counted else {}
    return dict(counted[0].union(*counted[1:], all=True))


def number_of_each(rows: QuerySet[Any], name: str) -> QuerySet[Any, Any]:
    """One row with the `number` of them, up to MOST_OF_EACH, as that of the `part` of this name."""
    few = rows.model.objects.filter(pk__in=rows.order_by().values("pk")[:MOST_OF_EACH]).order_by()
    return few.annotate(part=Value(name, output_field=CharField())).values("part").annotate(number=Count("*"))


def capped_words(number: int) -> str:
    return f"{number:,}{'+' if number >= MOST_OF_EACH else ''}"


def draw_bars(
    counts: Counts,
    range_: TimeRange,
    wanted: Callable[[Group], bool],
    *,
    sentence: str,
    url_of: Callable[[datetime, datetime], str],
) -> Bars | None:
    """The counts as bars, each a link to the runs in it. None when there is nothing to draw."""
    shown = [group for group in counts.groups if wanted(group)]
    if not shown:
        return None
    tones: dict[datetime, Counter[str]] = defaultdict(Counter)
    for group in shown:
        tone = look_of(group.state_type, group.state_name).tone
        tones[group.start][tone] += group.number
    since = range_.since or min(tones)
    until = range_.until or max(range_.now, max(tones) + counts.step)
    buckets = [
        Bucket(
            start,
            dict(tones.get(start, {})),
            url=url_of(start, start + counts.step) if start in tones else "",  # an empty one is not drawn
        )
        for start in step_starts(since, until, counts.step)
    ]
    return stacked_bars(buckets, sentence=sentence, height=HEIGHT)
