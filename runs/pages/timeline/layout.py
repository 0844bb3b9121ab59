"""The whole timeline, laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from orchestrator.pages.looks import look_of
from orchestrator.pages.words import duration_words
from runs.models import Artifact, FlowRun, FlowRunState, TaskRun, TaskRunState
from runs.pages.timeline.critical import critical_path
from runs.pages.timeline.drawn import ROW_HEIGHT, Edge, Mark, Row
from runs.pages.timeline.edges import connect, waits_of
from runs.pages.timeline.lanes import Inner, Lane, lanes_of, shown_of
from runs.pages.timeline.options import Options
from runs.pages.timeline.rows import rows_of
from runs.pages.timeline.scale import Fold, Scale, Tick, after, idle_gaps
from runs.pages.timeline.spans import Span, in_trouble, most_at_once, spans_of

AXIS_HEIGHT = 26  # pixels
BAND_HEIGHT = 10  # pixels, of the run's own states at the foot


@dataclass(frozen=True, slots=True)
class Band:
    """The run itself was in one state."""

    x: float
    width: float
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Timeline:
    rows: list[Row]
    ticks: list[Tick]
    folds: list[Fold]
    path: list[Edge]  # the critical one, between rows
    has_path: bool  # bars of it are outlined
    bands: list[Band]
    marks: list[Mark]  # what the run itself made
    hidden_rows: int
    height: int
    sentence: str  # the drawing in words
    percent_per_second: float
    t0: float  # seconds since the run began, at the left edge
    t1: float
    ends: tuple[float, float]  # the same of the whole run
    is_zoomed: bool
    has_idle: bool
    is_folded: bool  # parts of the axis are left out, so that its places are not in proportion

    @property
    def band_y(self) -> int:
        return self.height - BAND_HEIGHT

    @property
    def mark_y(self) -> int:
        return self.band_y - 3

    @property
    def closer(self) -> tuple[str, str]:
        quarter = (self.t1 - self.t0) / 4
        return _rounded(self.t0 + quarter), _rounded(self.t1 - quarter)

    @property
    def wider(self) -> tuple[str | None, str | None]:
        """None where that is as far as the run goes."""
        half = (self.t1 - self.t0) / 2
        t0, t1 = self.t0 - half, self.t1 + half
        return _rounded(t0) if t0 > self.ends[0] else None, _rounded(t1) if t1 < self.ends[1] else None


def build_timeline(
    *,
    tasks: Sequence[TaskRun],
    histories: Mapping[UUID, Sequence[TaskRunState]],
    children: Mapping[UUID, FlowRun],
    begin: datetime | None,
    end: datetime | None,
    now: datetime,
    options: Options | None = None,
    inner: Mapping[UUID, Inner] | None = None,
    states: Sequence[FlowRunState] = (),
    artifacts: Sequence[Artifact] = (),
) -> Timeline:
    """Lay out the task runs of one flow run.

    `histories` holds the states, oldest first, of the tasks that ran more than once; the others have one bar.
    `children` maps the task run that stands for a subflow to the subflow's run, `inner` that one's identifier to its
    tasks, where they are unfolded. `begin` and `end` are the flow run's own times; `end` is None while it goes on.
    """
    options = options or Options()
    inner = inner or {}
    spans: dict[UUID, list[Span]] = {task.id: spans_of(task, histories.get(task.id, ())) for task in tasks}
    for one in inner.values():
        spans |= {task.id: spans_of(task, one.histories.get(task.id, ())) for task in one.tasks}
    own = [span for task in tasks for span in spans[task.id]]
    goes_on = end is None and any(span.end is None for span in own)
    first = min([*(span.start for span in own), *([begin] if begin else [])], default=now)
    last = max([*(span.end or now for span in own), *([end] if end else [])], default=now)
    last = max(last, first + timedelta(milliseconds=10))
    scale, gaps = _scale(begin or first, first, last, own, now, goes_on, options)
    waits = waits_of(chain(tasks, *(one.tasks for one in inner.values())), children)
    critical = critical_path(tasks, waits, spans, now)

    lanes = lanes_of(tasks, children, inner, options, spans, now)
    is_zoomed = scale.begin > first or scale.end < last
    shown, hidden = shown_of(lanes, spans, scale, now, is_zoomed=is_zoomed)
    rows = rows_of(shown, spans, scale, now, frozenset(critical))
    for index, (row, lane) in enumerate(zip(rows, shown, strict=True)):
        row.y = AXIS_HEIGHT + index * ROW_HEIGHT
        row.is_chosen = options.task is not None and any(task.id == options.task for task in lane.tasks)
    marks = _mark_artifacts(rows, shown, artifacts, scale)
    return Timeline(
        rows=rows,
        ticks=scale.ticks(),
        folds=scale.folds(),
        path=connect(rows, shown, spans=spans, scale=scale, now=now, waits=waits, critical=critical),
        has_path=any(bar.is_critical for row in rows for bar in row.bars),
        bands=_bands(states, scale, end, now),
        marks=marks,
        hidden_rows=hidden,
        height=AXIS_HEIGHT + len(rows) * ROW_HEIGHT + 4 + BAND_HEIGHT,
        sentence=_sentence(tasks, own, first, last, now),
        percent_per_second=round(scale.percent_per_second, 5) if goes_on and scale.end == last and not gaps else 0.0,
        t0=scale.since_origin(scale.begin),
        t1=scale.since_origin(scale.begin) + scale.elapsed,
        ends=(scale.since_origin(first), scale.since_origin(last)),
        is_zoomed=is_zoomed,
        has_idle=bool(gaps) or bool(idle_gaps(own, scale.begin, scale.end, now)),
        is_folded=bool(gaps),
    )


def _scale(
    origin: datetime,
    first: datetime,
    last: datetime,
    spans: Sequence[Span],
    now: datetime,
    goes_on: bool,
    options: Options,
) -> tuple[Scale, list[tuple[float, float]]]:
    left = max(after(origin, options.t0), first) if options.t0 is not None else first
    right = min(after(origin, options.t1), last) if options.t1 is not None else last
    if right <= left:
        left, right = first, last
    gaps = idle_gaps(spans, left, right, now) if options.hide_idle else []
    return Scale(origin, left, right, goes_on=goes_on and right == last, gaps=gaps), gaps


def _mark_artifacts(
    rows: Sequence[Row], lanes: Sequence[Lane], artifacts: Sequence[Artifact], scale: Scale
) -> list[Mark]:
    """Each in the row of the task that made it; answers those that the run itself made."""
    row_of_task = {task.id: row for row, lane in zip(rows, lanes, strict=True) for task in lane.tasks}
    own: list[Mark] = []
    for artifact in artifacts:
        if not scale.shows(artifact.created, artifact.created):
            continue
        mark = Mark(scale.x(artifact.created), str(artifact.id), artifact.key or artifact.type or "")
        if artifact.task_run_id is None:
            own.append(mark)
        elif artifact.task_run_id in row_of_task:
            row_of_task[artifact.task_run_id].marks.append(mark)
    return own


def _bands(states: Sequence[FlowRunState], scale: Scale, end: datetime | None, now: datetime) -> list[Band]:
    bands = []
    for state, following in zip(states, [*states[1:], None], strict=False):
        until = following.timestamp if following else end or now
        if until <= state.timestamp or not scale.shows(state.timestamp, until):
            continue
        look = look_of(state.type, state.name)
        took = duration_words((until - state.timestamp).total_seconds())
        width = round(scale.x(until) - scale.x(state.timestamp), 2)
        if width > 0:
            bands.append(Band(scale.x(state.timestamp), width, look.tone, f"The run was {look.word} for {took}"))
    return bands


def _sentence(tasks: Sequence[TaskRun], spans: Sequence[Span], first: datetime, last: datetime, now: datetime) -> str:
    most = most_at_once(spans, now)
    failed = sum(in_trouble(task) for task in tasks)
    took = duration_words((last - first).total_seconds())
    words = [f"{len(tasks):,} task run{'' if len(tasks) == 1 else 's'} in {took}"]
    if most > 1:
        words.append(f"up to {most} at once")
    if failed:
        words.append(f"{failed} failed")
    return " · ".join(words)


def _rounded(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
