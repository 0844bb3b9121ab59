"""What the rows of the timeline are about: each a kind of task, one task run, or a task of an unfolded subflow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from runs.models import FlowRun, TaskRun, TaskRunState
from runs.pages.timeline.options import Options
from runs.pages.timeline.scale import Scale
from runs.pages.timeline.spans import Span, in_trouble

MAX_ROWS = 40
Spans = Mapping[UUID, list[Span]]


@dataclass(slots=True)
class Lane:
    """What is to be drawn in one row."""

    label: str
    tasks: list[TaskRun]
    child: FlowRun | None = None
    depth: int = 0
    fold: tuple[str, str] | None = None  # the parameter of the address that unfolds it, and its value
    is_open: bool = False
    home: FlowRun | None = None  # the unfolded subflow whose tasks these are; None for the run's own

    @property
    def in_trouble(self) -> bool:
        return any(in_trouble(task) for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Inner:
    """The tasks of a subflow that is unfolded."""

    tasks: Sequence[TaskRun]
    histories: Mapping[UUID, Sequence[TaskRunState]] = field(default_factory=dict)


def lanes_of(
    tasks: Sequence[TaskRun],
    children: Mapping[UUID, FlowRun],
    inner: Mapping[UUID, Inner],
    options: Options,
    spans: Spans,
    now: datetime,
) -> list[Lane]:
    """One lane for each kind of task, and below those that are unfolded one for each of their runs."""
    groups: dict[str, list[TaskRun]] = defaultdict(list)
    for task in tasks:
        groups[task.task_key].append(task)
    ordered = list(groups.values())
    if not options.by_start:
        ordered.sort(key=lambda group: (not any(in_trouble(task) for task in group), _first_start(group, spans, now)))
    else:
        ordered.sort(key=lambda group: _first_start(group, spans, now))
    return [lane for group in ordered for lane in _lanes_of_group(group, children, inner, options, depth=0)]


def _first_start(group: Sequence[TaskRun], spans: Spans, now: datetime) -> datetime:
    return min((spans[task.id][0].start for task in group if spans[task.id]), default=now)


def _lanes_of_group(
    group: list[TaskRun],
    children: Mapping[UUID, FlowRun],
    inner: Mapping[UUID, Inner],
    options: Options,
    *,
    depth: int,
) -> Iterable[Lane]:
    if len(group) == 1:
        yield from _lanes_of_task(group[0], children.get(group[0].id), inner, depth)
        return
    key = group[0].task_key
    is_open = key in options.open
    yield Lane(
        label=f"{group_name(group[0])} ×{len(group)}",
        tasks=group,
        child=children.get(group[0].id),
        depth=depth,
        fold=("open", key),
        is_open=is_open,
    )
    if is_open:
        for task in group:
            yield from _lanes_of_task(task, children.get(task.id), inner, depth + 1)


def _lanes_of_task(task: TaskRun, child: FlowRun | None, inner: Mapping[UUID, Inner], depth: int) -> Iterable[Lane]:
    if child is None:
        yield Lane(label=task.name, tasks=[task], depth=depth)
        return
    below = inner.get(child.id)
    yield Lane(
        label=child.name, tasks=[task], child=child, depth=depth, fold=("sub", str(child.id)), is_open=below is not None
    )
    groups: dict[str, list[TaskRun]] = defaultdict(list)
    for one in below.tasks if below else ():
        groups[one.task_key].append(one)
    for group in groups.values():
        label = group[0].name if len(group) == 1 else f"{group_name(group[0])} ×{len(group)}"
        yield Lane(label=label, tasks=group, depth=depth + 1, home=child)


def shown_of(
    lanes: list[Lane], spans: Spans, scale: Scale, now: datetime, *, is_zoomed: bool
) -> tuple[list[Lane], int]:
    """At most MAX_ROWS, what went wrong among them; looked at closely, only what happened then."""
    if is_zoomed:
        lanes = [
            lane
            for lane in lanes
            if lane.is_open
            or any(scale.shows(span.start, span.end or now) for task in lane.tasks for span in spans[task.id])
        ]
    if len(lanes) <= MAX_ROWS:
        return lanes, 0
    ranked = sorted(lanes, key=lambda lane: not lane.in_trouble)
    chosen = {id(lane) for lane in ranked[:MAX_ROWS]}
    return [lane for lane in lanes if id(lane) in chosen], len(lanes) - MAX_ROWS


def group_name(task: TaskRun) -> str:
    """What the runs of one task are called together: `get_number` for `get_number-3a9`."""
    stem, dash, _ = task.name.rpartition("-")
    return stem if dash and stem else task.name
