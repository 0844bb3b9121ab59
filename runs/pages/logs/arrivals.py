"""What a log got since a page was read.

The page's lines are in the order of their time. What is new, though, is asked for in the order of *arrival*: lines
come in batches from several places, so a line that arrives now may belong before lines that are on the screen already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.contract.times import format_time, parse_time
from runs.models import Log
from runs.models.logs import LogQuerySet
from runs.pages.logs.filters import LogFilter
from runs.pages.logs.lines import Clock, Line, clock_in, lines_of, with_task_names
from runs.pages.logs.order import spot_of
from runs.pages.logs.walking import PATIENCE, matching

MOST = 700  # lines that are looked at for one answer
AT_ONCE = 200  # lines that an answer has where there are more than that
MOST_COUNTED = 10_000  # lines that are said to be left out; more are "10,000+"

# A transaction that began earlier may be committed later, so the next question reaches back this far.
OVERLAP = timedelta(seconds=2)
# How far back a line may belong that arrives only now, in time and in lines; older ones are there after a reload.
LATENESS = timedelta(seconds=60)
MOST_LATE = 10_000  # of a whole log, so that thousands of new lines a second cost no more than these


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines that came too fast to be shown one by one; they are before a line, a page back."""

    before: UUID
    count: int | None  # None: more than are counted

    @property
    def words(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.count is None else f"{self.count:,}"


@dataclass(frozen=True, slots=True)
class Arrivals:
    lines: list[Line]
    arrived: str  # cursor for the next question
    gap: Gap | None = None


def read_arrivals(logs: LogQuerySet, wanted: LogFilter, after: str, *, clock: Clock | None = None) -> Arrivals:
    """The matching lines that arrived after a cursor, in the order of time; of a flood only the newest, and a gap.

    Lines that the page has may be among them: it knows each by its identifier. Raises PatternRefused.
    """
    cursor = _read(after)
    new = wanted.apply(logs)
    if cursor is not None:
        new = new.filter(timestamp__gte=cursor.newest - LATENESS, created__gt=cursor.arrived - OVERLAP)
    looked_at = new if wanted.is_narrowed else _newest(new, logs)
    rows = list(with_task_names(looked_at).order_by("-created", "-id")[:MOST])
    if not rows:
        return Arrivals([], after)
    following = _cursor(
        max([row.created for row in rows] + ([cursor.arrived] if cursor else [])),
        max([row.timestamp for row in rows] + ([cursor.newest] if cursor else [])),
    )
    is_flood = len(rows) == MOST and (cursor is None or rows[-1].created > cursor.arrived)
    fresh = new.filter(created__gt=cursor.arrived) if cursor else new
    if is_flood:  # those of one batch arrived at one moment, so what is newest is told by their own times
        rows = list(with_task_names(fresh).order_by("-timestamp", "-id")[:MOST])
    if wanted.expression is not None:
        rows = list(matching(rows, wanted.expression, seconds=PATIENCE))
    rows.sort(key=spot_of)
    shown = rows[-AT_ONCE:] if is_flood else rows
    gap = None
    if is_flood and shown:
        count = fresh.order_by().values("id")[: MOST_COUNTED + AT_ONCE].count() - len(shown)
        gap = Gap(shown[0].id, count if count < MOST_COUNTED else None)
    return Arrivals(lines_of(shown, clock=clock or clock_in(), needle=wanted.needle), following, gap)


def has_arrivals(run_id: str, since: datetime) -> bool:
    """Whether lines came since that a page of this flow run's log would add; or of a task run that has no flow run."""
    for logs in (Log.objects.filter(flow_run_id=run_id), Log.objects.filter(task_run_id=run_id)):
        newest = logs.order_by("-timestamp", "-id").values_list("timestamp", flat=True).first()
        if newest is not None:
            return logs.filter(timestamp__gte=newest - LATENESS, created__gte=since).exists()
    return False


def _newest(new: LogQuerySet, logs: LogQuerySet) -> LogQuerySet:
    """Those that are among the newest MOST_LATE of the log."""
    times = logs.order_by("-timestamp", "-id").values_list("timestamp", flat=True)
    edge = list(times[MOST_LATE : MOST_LATE + 1])
    return new.filter(timestamp__gte=edge[0]) if edge else new


def cursor_at(rows: Sequence[Log]) -> str:
    """The cursor of a page that shows these rows, the last ones of its log."""
    return _cursor(max(row.created for row in rows), rows[-1].timestamp) if rows else ""


@dataclass(frozen=True, slots=True)
class _Cursor:
    arrived: datetime  # when the newest came that the page knows
    newest: datetime  # the time of the newest line


def _cursor(arrived: datetime, newest: datetime) -> str:
    return f"{format_time(arrived)}_{format_time(newest)}"


def _read(text: str) -> _Cursor | None:
    arrived, _, newest = text.partition("_")
    try:
        return _Cursor(parse_time(arrived), parse_time(newest))
    except ValueError:
        return None
