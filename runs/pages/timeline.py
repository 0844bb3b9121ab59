"""The timeline of a flow run: which task ran when, and what overlapped. Pure layout: no queries, no markup.

Positions are percentages of the plot's width, so that the drawing fits every screen without a script.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.urls import reverse

from orchestrator.contract.states import StateType
from orchestrator.live.looks import look_of
from orchestrator.live.words import duration_words
from runs.models import FlowRun, TaskRun, TaskRunState

MAX_ROWS = 40
PLOT_WIDTH = 86.0  # per cent; what is right of it is room for the words behind the last bar
ROW_HEIGHT = 26  # pixels, also in static/orchestrator.css
AXIS_HEIGHT = 26  # pixels
LEAST_WIDTH = 0.35  # per cent; a shorter bar could not be seen
DENSITY_BUCKETS = 200
MOST_BARS = 60  # in one row; more are drawn as a strip whose height tells how many ran at once

_NICE_STEPS = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    3,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
)
_TROUBLE = ("failed", "crashed")


@dataclass(frozen=True, slots=True)
class Span:
    """One attempt of one task. `end` is None while it runs."""

    start: datetime
    end: datetime | None
    tone: str
    word: str


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    tone: str
    url: str
    title: str
    since: datetime | None = None  # grows from then on, while the page is open


@dataclass(frozen=True, slots=True)
class Strip:
    """Many bars in one row, as two paths in a box of 1000 × 16."""

    path: str
    failed_path: str
    tone: str
    title: str


@dataclass(slots=True)
class Row:
    label: str
    note: str
    url: str
    tone: str
    y: int = 0
    is_subflow: bool = False
    wait_x: float = 0.0
    wait_width: float = 0.0
    bars: list[Bar] = field(default_factory=list)
    strip: Strip | None = None
    tail: str = ""  # words behind the last bar
    tail_x: float = 0.0
    tail_since: datetime | None = None

    @property
    def in_trouble(self) -> bool:
        return self.tone in _TROUBLE

    @property
    def wait_end(self) -> float:
        return round(self.wait_x + self.wait_width, 2)


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    rows: list[Row]
    ticks: list[Tick]
    hidden_rows: int
    height: int
    sentence: str  # the drawing in words
    percent_per_second: float


class _Scale:
    """From times to percentages. The axis of a run that goes on is longer than the run, so that its bars can grow."""

    def __init__(self, begin: datetime, end: datetime, *, goes_on: bool) -> None:
        elapsed = max((end - begin).total_seconds(), 0.001)
        self.begin = begin
        self.end = end
        self.seconds = max(elapsed * 1.25, elapsed + 3.0) if goes_on else elapsed
        self.percent_per_second = PLOT_WIDTH / self.seconds

    def x(self, moment: datetime) -> float:
        share = (moment - self.begin).total_seconds() / self.seconds
        return round(min(max(share, 0.0), 1.0) * PLOT_WIDTH, 2)

    def width(self, start: datetime, end: datetime) -> float:
        return round(max(self.x(end) - self.x(start), LEAST_WIDTH), 2)

    def ticks(self) -> list[Tick]:
        step = next((step for step in _NICE_STEPS if self.seconds / step <= 8), self.seconds / 6)
        count = int(self.seconds / step) + 1
        return [
            Tick(x=round(index * step * self.percent_per_second, 2), label=_tick_words(index * step, step))
            for index in range(count)
        ]


def build_timeline(
    *,
    tasks: Sequence[TaskRun],
    histories: Mapping[UUID, Sequence[TaskRunState]],
    children: Mapping[UUID, FlowRun],
    begin: datetime | None,
    end: datetime | None,
    now: datetime,
) -> Timeline:
    """Lay out the task runs of one flow run, in the order of their start.

    `histories` holds the states, oldest first, of the tasks that ran more than once; the others have one bar.
    `children` maps the task run that stands for a subflow to the subflow's run.
    `begin` and `end` are the flow run's own times; `end` is None while it goes on.
    """
    spans = {task.id: _spans(task, histories.get(task.id, ())) for task in tasks}
    starts = [span.start for of_task in spans.values() for span in of_task]
    stops = [span.end or now for of_task in spans.values() for span in of_task]
    goes_on = end is None and any(span.end is None for of_task in spans.values() for span in of_task)
    first = min([*starts, *([begin] if begin else [])], default=now)
    last = max([*stops, *([end] if end else [])], default=now)
    scale = _Scale(first, max(last, first + timedelta(milliseconds=10)), goes_on=goes_on)

    if len(tasks) <= MAX_ROWS:
        rows = [_task_row(task, spans[task.id], children.get(task.id), scale, now) for task in tasks]
        hidden = 0
    else:
        rows, hidden = _group_rows(tasks, spans, scale, now)
    for index, row in enumerate(rows):
        row.y = AXIS_HEIGHT + index * ROW_HEIGHT
    return Timeline(
        rows=rows,
        ticks=scale.ticks(),
        hidden_rows=hidden,
        height=AXIS_HEIGHT + len(rows) * ROW_HEIGHT + 4,
        sentence=_sentence(tasks, spans, scale, now),
        percent_per_second=round(scale.percent_per_second, 5) if goes_on else 0.0,
    )


def group_name(task: TaskRun) -> str:
    """What the runs of one task are called together: `get_number` for `get_number-3a9`."""
    stem, dash, _ = task.name.rpartition("-")
    return stem if dash and stem else task.name


def task_url(task: TaskRun, child: FlowRun | None = None) -> str:
    """Where to read about a task run: the page of the subflow that it stands for, or its own."""
    return reverse("runs:flow-run", args=[child.id]) if child else reverse("runs:task-run", args=[task.id])


def _spans(task: TaskRun, history: Sequence[TaskRunState]) -> list[Span]:
    look = look_of(task.state_type, task.state_name)
    retried = _attempts(history, look.tone, look.word) if history else []
    if retried:
        return retried
    if task.start_time is not None:
        return [
            Span(
                task.start_time,
                None if task.state_type == StateType.RUNNING else task.end_time or task.state_timestamp,
                look.tone,
                look.word,
            )
        ]
    if task.is_terminal and task.end_time is not None:  # ended without running: from a cache, or cancelled
        return [Span(task.end_time, task.end_time, look.tone, look.word)]
    return []


def _attempts(history: Sequence[TaskRunState], tone: str, word: str) -> list[Span]:
    """One span for each RUNNING state, up to the state that follows; the last one wears the task's present state."""
    spans: list[Span] = []
    for state, following in zip(history, [*history[1:], None], strict=True):
        if state.type != StateType.RUNNING:
            continue
        if following is None:
            spans.append(Span(state.timestamp, None, tone, word))
        elif following.type == StateType.SCHEDULED:
            spans.append(Span(state.timestamp, following.timestamp, "retrying", "failed, to be retried"))
        else:
            look = look_of(following.type, following.name)
            spans.append(Span(state.timestamp, following.timestamp, look.tone, look.word))
    return spans


def _task_row(task: TaskRun, spans: list[Span], child: FlowRun | None, scale: _Scale, now: datetime) -> Row:
    url = task_url(task, child)
    row = Row(
        label=child.name if child else task.name,
        note=_note(task, spans),
        url=url,
        tone=look_of(task.state_type, task.state_name).tone,
        is_subflow=child is not None,
    )
    row.bars = [
        _bar(span, url, f"{task.name}, try {number}" if len(spans) > 1 else task.name, scale, now)
        for number, span in enumerate(spans, 1)
    ]
    if spans:
        _describe_end(row, spans[-1], scale, now)
        _show_wait(row, task.expected_start_time, spans[0].start, scale)
    return row


def _note(task: TaskRun, spans: list[Span]) -> str:
    if len(spans) > 1:
        return f"{len(spans)} tries"
    look = look_of(task.state_type, task.state_name)
    return "" if look.tone in ("completed", "running") else look.word.lower()


def _bar(span: Span, url: str, name: str, scale: _Scale, now: datetime) -> Bar:
    end = span.end or now
    took = duration_words((end - span.start).total_seconds())
    return Bar(
        x=scale.x(span.start),
        width=scale.width(span.start, end),
        tone=span.tone,
        url=url,
        title=f"{name}: {span.word}, {took}, from {span.start:%H:%M:%S} UTC",
        since=span.start if span.end is None else None,
    )


def _describe_end(row: Row, last: Span, scale: _Scale, now: datetime) -> None:
    end = last.end or now
    row.tail = duration_words((end - last.start).total_seconds())
    row.tail_since = last.start if last.end is None else None
    if row.in_trouble:
        row.tail += f" · {last.word.lower()}"
    row.tail_x = round(row.bars[-1].x + row.bars[-1].width, 2)


def _show_wait(row: Row, expected: datetime | None, start: datetime, scale: _Scale) -> None:
    """A thin line for the time between being due and starting, where it is long enough to be seen."""
    if expected is None or expected >= start:
        return
    wait = scale.x(start) - scale.x(expected)
    if wait >= 0.5:
        row.wait_x, row.wait_width = scale.x(expected), round(wait, 2)


def _group_rows(
    tasks: Sequence[TaskRun], spans: Mapping[UUID, list[Span]], scale: _Scale, now: datetime
) -> tuple[list[Row], int]:
    groups: dict[str, list[TaskRun]] = defaultdict(list)
    for task in tasks:
        groups[task.task_key].append(task)
    kept = list(groups.values())
    if len(kept) > MAX_ROWS:  # what went wrong is never among what is left out
        kept.sort(key=lambda group: not any(_in_trouble(task) for task in group))
        chosen = {id(group) for group in kept[:MAX_ROWS]}
        kept = [group for group in groups.values() if id(group) in chosen]
    return [_group_row(group, spans, scale, now) for group in kept], len(groups) - len(kept)


def _group_row(group: list[TaskRun], spans: Mapping[UUID, list[Span]], scale: _Scale, now: datetime) -> Row:
    drawn = sorted(((task, span) for task in group for span in spans[task.id]), key=lambda pair: pair[1].start)
    failed = sum(_in_trouble(task) for task in group)
    running = sum(task.state_type == StateType.RUNNING for task in group)
    first = group[0]
    row = Row(
        label=group_name(first) if len(group) > 1 else first.name,
        note=f"{failed} of {len(group)} failed" if failed else f"{len(group)} tasks" if len(group) > 1 else "",
        url="?view=table",
        tone="failed" if failed else "running" if running else "completed",
    )
    overlapping = any(later[1].start < (earlier[1].end or now) for earlier, later in pairwise(drawn))
    if overlapping or len(drawn) > MOST_BARS:
        row.strip = _strip(row, drawn, scale, now)
    else:
        row.bars = [_bar(span, task_url(task), task.name, scale, now) for task, span in drawn]
    if drawn:
        end = max(span.end or now for _, span in drawn)
        row.tail = duration_words((end - drawn[0][1].start).total_seconds())
        row.tail_x = max(scale.x(end), scale.x(drawn[0][1].start) + LEAST_WIDTH)
    return row


def _strip(row: Row, drawn: Sequence[tuple[TaskRun, Span]], scale: _Scale, now: datetime) -> Strip:
    at_once = [0] * (DENSITY_BUCKETS + 1)
    failures: set[int] = set()
    for task, span in drawn:
        begin = int(scale.x(span.start) / PLOT_WIDTH * DENSITY_BUCKETS)
        end = int(scale.x(span.end or now) / PLOT_WIDTH * DENSITY_BUCKETS)
        for bucket in range(begin, end + 1):
            at_once[bucket] += 1
        if _in_trouble(task):
            failures.add(end)
    most = max(at_once)
    per_bucket = 1000 / DENSITY_BUCKETS
    path = "".join(
        f"M{bucket * per_bucket:g} 16v{-round(4 + 12 * count / most, 1):g}h{per_bucket:g}V16z"
        for bucket, count in enumerate(at_once[:-1])
        if count
    )
    failed_path = "".join(
        f"M{bucket * per_bucket:g} 0h{per_bucket:g}v6h{-per_bucket:g}z" for bucket in sorted(failures)
    )
    tone = "running" if row.tone == "running" else "completed"
    return Strip(
        path,
        failed_path,
        tone,
        f"{row.label}: {row.note}, up to {_most_at_once([span for _, span in drawn], now)} at once",
    )


def _in_trouble(task: TaskRun) -> bool:
    return task.state_type in (StateType.FAILED, StateType.CRASHED)


def _most_at_once(spans: Iterable[Span], now: datetime) -> int:
    """The greatest number of spans that were open at one moment."""
    edges: list[tuple[datetime, int]] = []
    for span in spans:
        edges += [(span.start, 1), (span.end or now, -1)]
    most = open_now = 0
    for _, change in sorted(edges):  # at one moment an end comes before a start
        open_now += change
        most = max(most, open_now)
    return most


def _sentence(tasks: Sequence[TaskRun], spans: Mapping[UUID, list[Span]], scale: _Scale, now: datetime) -> str:
    most = _most_at_once((span for of_task in spans.values() for span in of_task), now)
    failed = sum(_in_trouble(task) for task in tasks)
    took = duration_words((scale.end - scale.begin).total_seconds())
    words = [f"{len(tasks)} task run{'' if len(tasks) == 1 else 's'} in {took}"]
    if most > 1:
        words.append(f"up to {most} at once")
    if failed:
        words.append(f"{failed} failed")
    return " · ".join(words)


def _tick_words(seconds: float, step: float) -> str:
    if seconds and step >= 3600:
        return f"+{seconds / 3600:g} h"
    if seconds and step >= 60:
        return f"+{seconds / 60:g} min"
    return f"+{seconds:.1f} s" if step < 1 else f"+{seconds:.0f} s"
