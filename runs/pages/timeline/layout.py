"""The whole timeline, laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from orchestrator.pages.looks import look_of
from orchestrator.pages.words import duration_words
from runs.models import Artifact, FlowRun, FlowRunState, TaskRun, TaskRunState
from runs.pages.timeline.critical import critical_path
from runs.pages.timeline.lanes import Inner, Lane, Spans, lanes_of, shown_of
from runs.pages.timeline.options import Options
from runs.pages.timeline.rows import Row, rows_of
from runs.pages.timeline.scale import Fold, Scale, Tick, after, idle_gaps
from runs.pages.timeline.spans import Span, in_trouble, most_at_once, spans_of
from runs.services.graph import upstream_ids

ROW_HEIGHT = 26  # pixels, also in static/css/run.css
AXIS_HEIGHT = 26  # pixels
BAND_HEIGHT = 10  # pixels, of the run's own states at the foot


@dataclass(frozen=True, slots=True)
class Link:
    """From the end of one bar to the beginning of the one that waited for it."""

    x1: float
    y1: int
    x2: float
    y2: int


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
    links: list[Link]
    bands: list[Band]
    hidden_rows: int
    height: int
    sentence: str  # the drawing in words
    percent_per_second: float
    t0: float  # seconds since the run began, at the left edge
    t1: float
    is_zoomed: bool
    has_idle: bool
    is_folded: bool  # parts of the axis are left out, so that its places are not in proportion

    @property
    def band_y(self) -> int:
        return self.height - BAND_HEIGHT

    @property
    def closer(self) -> tuple[str, str]:
        quarter = (self.t1 - self.t0) / 4
        return _rounded(self.t0 + quarter), _rounded(self.t1 - quarter)

    @property
    def wider(self) -> tuple[str, str]:
        half = (self.t1 - self.t0) / 2
        return _rounded(max(0.0, self.t0 - half)), _rounded(self.t1 + half)


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
    critical = critical_path(tasks, spans, now)

    lanes = lanes_of(tasks, children, inner, options, spans, now)
    shown, hidden = shown_of(lanes, spans, scale, now, is_zoomed=scale.begin > first or scale.end < last)
    rows = rows_of(shown, spans, scale, now, frozenset(critical))
    for index, (row, lane) in enumerate(zip(rows, shown, strict=True)):
        row.y = AXIS_HEIGHT + index * ROW_HEIGHT
        row.is_chosen = options.task is not None and any(task.id == options.task for task in lane.tasks)
    chosen = next((task for task in tasks if task.id == options.task), None)
    _mark_artifacts(rows, shown, artifacts, scale)
    return Timeline(
        rows=rows,
        ticks=scale.ticks(),
        folds=scale.folds(),
        links=_links(rows, shown, spans, scale, now, critical=critical, chosen=chosen),
        bands=_bands(states, scale, end, now),
        hidden_rows=hidden,
        height=AXIS_HEIGHT + len(rows) * ROW_HEIGHT + 4 + BAND_HEIGHT,
        sentence=_sentence(tasks, own, first, last, now),
        percent_per_second=round(scale.percent_per_second, 5) if goes_on and not gaps else 0.0,
        t0=(scale.begin - scale.origin).total_seconds(),
        t1=(scale.begin - scale.origin).total_seconds() + scale.elapsed,
        is_zoomed=options.t0 is not None or options.t1 is not None,
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
    left = after(origin, options.t0) if options.t0 is not None else first
    right = after(origin, options.t1) if options.t1 is not None else last
    if right <= left:
        left, right = first, last
    gaps = idle_gaps(spans, left, right, now) if options.hide_idle else []
    return Scale(origin, left, right, goes_on=goes_on and options.t1 is None, gaps=gaps), gaps


def _mark_artifacts(rows: Sequence[Row], lanes: Sequence[Lane], artifacts: Sequence[Artifact], scale: Scale) -> None:
    row_of_task = {task.id: row for row, lane in zip(rows, lanes, strict=True) for task in lane.tasks}
    for artifact in artifacts:
        row = row_of_task.get(artifact.task_run_id) if artifact.task_run_id else None
        if row is not None and scale.shows(artifact.created, artifact.created):
            row.marks.append((scale.x(artifact.created), str(artifact.id), artifact.key or artifact.type or ""))


def _links(
    rows: Sequence[Row],
    lanes: Sequence[Lane],
    spans: Spans,
    scale: Scale,
    now: datetime,
    *,
    critical: Sequence[UUID],
    chosen: TaskRun | None,
) -> list[Link]:
    """Along the critical path, and from those that the chosen task waited for."""
    drawn: dict[UUID, Row] = {}
    for row, lane in zip(rows, lanes, strict=True):
        if not row.is_open:  # what is unfolded has rows of its own
            drawn |= {task.id: row for task in lane.tasks if spans[task.id]}
    pairs = list(pairwise(critical))
    if chosen is not None:
        pairs += [(upstream, chosen.id) for upstream in upstream_ids(chosen.task_inputs)]
    links = []
    for upstream, following in dict.fromkeys(pairs):
        if upstream not in drawn or following not in drawn or drawn[upstream] is drawn[following]:
            continue
        end, start = spans[upstream][-1].end or now, spans[following][0].start
        if scale.shows(end, start):
            y1, y2 = drawn[upstream].y + ROW_HEIGHT // 2, drawn[following].y + ROW_HEIGHT // 2
            links.append(Link(scale.x(end), y1, scale.x(start), y2))
    return links


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
