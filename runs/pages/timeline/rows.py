"""The rows of the timeline: one for each kind of task, whose runs share it until they are unfolded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate, groupby, pairwise
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone

from orchestrator.contract.states import StateType
from orchestrator.pages.addresses import address_of
from orchestrator.pages.looks import look_of
from orchestrator.pages.words import duration_words
from runs.models import FlowRun, TaskRun
from runs.pages.timeline.drawn import Bar, Row, Strip
from runs.pages.timeline.lanes import Lane, Spans
from runs.pages.timeline.scale import LEAST_WIDTH, PLOT_WIDTH, Scale
from runs.pages.timeline.spans import Span, in_trouble, most_at_once

MOST_BARS = 60  # in one row; more are drawn as a strip whose height tells how many ran at once
MOST_BARS_OF_ALL = 160  # in rows that several runs share; with more, such rows become strips sooner
DENSITY_BUCKETS = 125


def task_url(task: TaskRun, child: FlowRun | None = None) -> str:
    """Where to read about a task run: the page of the subflow that it stands for, or its own."""
    return address_of("flow-run", child.id) if child else address_of("task-run", task.id)


def rows_of(lanes: Sequence[Lane], spans: Spans, scale: Scale, now: datetime, critical: frozenset[UUID]) -> list[Row]:
    shared = [sum(len(spans[task.id]) for task in lane.tasks) for lane in lanes if len(lane.tasks) > 1]
    most_bars = MOST_BARS if sum(shared) <= MOST_BARS_OF_ALL else min(MOST_BARS, MOST_BARS_OF_ALL // len(shared))
    return [
        _single_row(lane, spans[lane.tasks[0].id], scale, now, critical)
        if len(lane.tasks) == 1
        else _shared_row(lane, spans, scale, now, critical, most_bars)
        for lane in lanes
    ]


def _single_row(lane: Lane, spans: list[Span], scale: Scale, now: datetime, critical: frozenset[UUID]) -> Row:
    (task,) = lane.tasks
    url = task_url(task, lane.child)
    chooses = None if lane.child or lane.home else task.id  # the log of a subflow is on its own page
    row = _bare(lane, note=_note(task, spans), url=url, tone=look_of(task.state_type, task.state_name).tone)
    shown = [(number, span) for number, span in enumerate(spans, 1) if scale.shows(span.start, span.end or now)]
    for number, span in shown:
        name = f"{task.name}, try {number}" if len(spans) > 1 else task.name
        row.bars.append(_bar(span, url, name, scale, now, chooses, task.id in critical))
    if shown:
        _describe_end(row, shown[-1][1], scale, now)
        if shown[0][0] == 1:
            _show_wait(row, task.expected_start_time, spans[0].start, scale)
    return row


def _shared_row(
    lane: Lane, spans: Spans, scale: Scale, now: datetime, critical: frozenset[UUID], most_bars: int
) -> Row:
    drawn = sorted(
        ((task, span) for task in lane.tasks for span in spans[task.id] if scale.shows(span.start, span.end or now)),
        key=lambda pair: pair[1].start,
    )
    failed = sum(in_trouble(task) for task in lane.tasks)
    running = sum(task.state_type == StateType.RUNNING for task in lane.tasks)
    total = len(lane.tasks)
    tone = "failed" if failed else "running" if running else _shared_tone(lane.tasks)
    note = f"{failed} of {total} failed" if failed else f"{total} tasks"
    row = _bare(lane, note=note, url=_address_of_group(lane), tone=tone)
    overlapping = any(later[1].start < (earlier[1].end or now) for earlier, later in pairwise(drawn))
    if overlapping or len(drawn) > most_bars:
        row.strip = _strip(row, drawn, scale, now)
    else:
        row.bars = [
            _bar(span, task_url(task), task.name, scale, now, None if lane.home else task.id, task.id in critical)
            for task, span in drawn
        ]
    if drawn:
        end = max(span.end or now for _, span in drawn)
        row.tail = duration_words((end - drawn[0][1].start).total_seconds())
        row.tail_x = round(max(scale.x(end), scale.x(drawn[0][1].start) + LEAST_WIDTH), 2)
    return row


def _bare(lane: Lane, *, note: str, url: str, tone: str) -> Row:
    return Row(
        label=lane.label,
        note=note,
        url=url,
        tone=tone,
        depth=lane.depth,
        is_subflow=lane.child is not None,
        fold=lane.fold,
        is_open=lane.is_open,
    )


def _address_of_group(lane: Lane) -> str:
    """Where the runs of one task are told apart: in the table, or unfolded on the page of the subflow that has them."""
    if lane.home is None:
        return "?view=table"
    return f"{address_of('flow-run', lane.home.id)}?{urlencode({'open': lane.tasks[0].task_key})}"


def _shared_tone(tasks: Sequence[TaskRun]) -> str:
    tones = {look_of(task.state_type, task.state_name).tone for task in tasks}
    return tones.pop() if len(tones) == 1 else "completed"


def _note(task: TaskRun, spans: list[Span]) -> str:
    if len(spans) > 1:
        return f"{len(spans)} tries"
    look = look_of(task.state_type, task.state_name)
    return "" if look.tone in ("completed", "running") else look.word.lower()


def _bar(span: Span, url: str, name: str, scale: Scale, now: datetime, task_id: UUID, is_critical: bool = False) -> Bar:
    end = span.end or now
    took = duration_words((end - span.start).total_seconds())
    return Bar(
        x=scale.x(span.start),
        width=scale.width(span.start, end),
        tone=span.tone,
        url=url,
        title=f"{name}: {span.word}, {took}, from {timezone.localtime(span.start).time().isoformat('seconds')}",
        task_id=task_id,
        since=span.start if span.end is None else None,
        is_critical=is_critical,
    )


def _describe_end(row: Row, last: Span, scale: Scale, now: datetime) -> None:
    end = last.end or now
    row.tail = duration_words((end - last.start).total_seconds())
    row.tail_since = last.start if last.end is None else None
    if row.in_trouble:
        row.tail += f" · {last.word.lower()}"
    row.tail_x = round(row.bars[-1].x + row.bars[-1].width, 2)


def _show_wait(row: Row, expected: datetime | None, start: datetime, scale: Scale) -> None:
    """A thin line for the time between being due and starting, where it is long enough to be seen."""
    if expected is None or expected >= start:
        return
    wait = scale.x(start) - scale.x(expected)
    if wait >= 0.5:
        row.wait_x, row.wait_width = scale.x(expected), round(wait, 2)


def _strip(row: Row, drawn: Sequence[tuple[TaskRun, Span]], scale: Scale, now: datetime) -> Strip:
    changes = [0] * (DENSITY_BUCKETS + 1)
    failures: set[int] = set()
    for task, span in drawn:
        begin, end = _bucket(scale.x(span.start)), _bucket(scale.x(span.end or now))
        changes[begin] += 1
        changes[end + 1] -= 1
        if in_trouble(task):
            failures.add(end)
    at_once = list(accumulate(changes[:-1]))
    most = max(at_once)
    spans = [span for _, span in drawn]
    return Strip(
        path=_outline(at_once, most),
        failed_path="".join(f"M{_edge(bucket)} 0h{_edge(1)}v6h-{_edge(1)}z" for bucket in sorted(failures)),
        tone="running" if row.tone == "running" else "completed" if row.in_trouble else row.tone,
        title=f"{row.label}: {row.note}, up to {most_at_once(spans, now)} at once",
    )


def _bucket(x: float) -> int:
    return min(int(x / PLOT_WIDTH * DENSITY_BUCKETS), DENSITY_BUCKETS - 1)


def _edge(bucket: int) -> str:
    return f"{bucket * 1000 / DENSITY_BUCKETS:g}"


def _outline(at_once: Sequence[int], most: int) -> str:
    """Up and down along equal numbers, so that a long plateau costs as little as a short one."""
    path, x, is_up = "", 0, False
    for count, alike in groupby(at_once):
        length = len(list(alike))
        if count:
            top = f"{16 - round(4 + 12 * count / most, 1):g}"
            path += f"{'' if is_up else f'M{_edge(x)} 16'}V{top}H{_edge(x + length)}"
        elif is_up:
            path += "V16z"
        is_up = bool(count)
        x += length
    return path + ("V16z" if is_up else "")
