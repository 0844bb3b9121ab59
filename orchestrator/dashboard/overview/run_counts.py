"""How many runs of each state a span of time has, step by step, and the span before it. Two queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Value

from orchestrator.contract.states import StateType
from orchestrator.dashboard.overview.stretches import Stretch, stretches_between
from orchestrator.dashboard.overview.under_way import SOON
from orchestrator.pages.charts.steps import EPOCH, StepNumber, start_of_step
from orchestrator.statements.counting import count_groups
from runs.models import FlowRun, FlowRunTag, TaskRun
from runs.services.hour_counts import HOUR, known_hours

MOST_RUNS = 10_000  # that are counted of each stretch whose hours were not counted before; of more, the newest
MOST_TASKS = 10_000  # the same of task runs
_BEFORE, _NOW, _TASKS = range(3)  # what a row of the count is about

_State = tuple[str | None, str | None]  # its type and its name


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Runs that are nobody's subflow: those of `now` by their step, too. Capped: there are more."""

    now: Counter[tuple[datetime, _State]] = field(default_factory=Counter)
    before: Counter[_State] = field(default_factory=Counter)
    tasks: Counter[_State] = field(default_factory=Counter)
    capped: set[int] = field(default_factory=set)

    @property
    def is_capped(self) -> bool:
        return _NOW in self.capped

    @property
    def was_capped(self) -> bool:
        return _BEFORE in self.capped

    @property
    def tasks_are_capped(self) -> bool:
        return self.tasks.total() >= MOST_TASKS


def read_counts(now: datetime, span: timedelta, step: timedelta, tag: str = "") -> RunCounts:
    """What was counted before is added to what is counted now. Runs with a tag are all counted now."""
    since = now - span
    known = known_hours(since - span, now) if step >= HOUR and not tag else {}
    spans = {
        _BEFORE: stretches_between(since - span, since, [hour for hour in known if hour + HOUR <= since]),
        _NOW: stretches_between(since, now + SOON, [hour for hour in known if hour >= since]),
    }
    counts = RunCounts()
    of_stretches: Counter[tuple[int, int]] = Counter()
    for kind, number_of_stretch, place, *state, number in _counted(now, since, spans, step, tag):
        if kind == _TASKS:
            counts.tasks[state[0], state[1]] += number
            continue
        _add(counts, kind, start_of_step(place, step), (state[0], state[1]), number)
        of_stretches[kind, number_of_stretch] += number
    counts.capped.update(kind for (kind, _), number in of_stretches.items() if number >= MOST_RUNS)
    for hour, found in known.items():
        kind = _kind_of(hour, since)
        if kind is not None and not any(stretch.has(hour) for stretch in spans[kind]):
            for state_type, state_name, number in found:
                _add(counts, kind, EPOCH + step * ((hour - EPOCH) // step), (state_type, state_name), number)
    return counts


def _kind_of(hour: datetime, since: datetime) -> int | None:
    """None of the hour in which one span ends and the other begins."""
    if hour >= since:
        return _NOW
    return _BEFORE if hour + HOUR <= since else None


def _add(counts: RunCounts, kind: int, start: datetime, state: _State, number: int) -> None:
    if kind == _NOW:
        counts.now[start, state] += number
    else:
        counts.before[state] += number


def _counted(
    now: datetime, since: datetime, spans: dict[int, list[Stretch]], step: timedelta, tag: str
) -> list[tuple[Any, ...]]:
    """What the rows are about, the number of their stretch, of the step, type and name of the state, how many."""
    parts = [_tasks(since, now), *(_runs(*which, step, now, tag) for which in _numbered(spans))]
    return count_groups(*parts)


def _numbered(spans: dict[int, list[Stretch]]) -> Iterator[tuple[int, int, Stretch]]:
    for kind, stretches in spans.items():
        for number, stretch in enumerate(stretches):
            yield kind, number, stretch


def _runs(kind: int, number: int, stretch: Stretch, step: timedelta, now: datetime, tag: str) -> QuerySet[Any, Any]:
    rows = FlowRun.objects.top_level().newest_first().filter(sort_time__gte=stretch.begin, sort_time__lt=stretch.end)
    if stretch.end > now:
        rows = rows.exclude(state_type=StateType.SCHEDULED, sort_time__gt=now)
    if tag:
        rows = rows.filter(Exists(FlowRunTag.objects.filter(flow_run=OuterRef("pk"), tag=tag)))
    return _states(rows.annotate(place=StepNumber("sort_time", step)), kind, number)[:MOST_RUNS]


def _tasks(since: datetime, now: datetime) -> QuerySet[Any, Any]:
    rows = TaskRun.objects.newest_first().filter(sort_time__gte=since, sort_time__lte=now)
    return _states(rows.annotate(place=Value(0)), _TASKS, 0)[:MOST_TASKS]


def _states(rows: QuerySet[Any, Any], kind: int, number: int) -> QuerySet[Any, Any]:
    told = rows.annotate(kind=Value(kind), stretch=Value(number))
    return told.values_list("kind", "stretch", "place", "state_type", "state_name")
