"""The log of a run as a page shows it: one window of lines, its neighbours, and what was written since.

The page's lines are in the order of their time. What is new, though, is asked for in the order of *arrival*: lines
come in batches from several places, so a line that arrives now may belong before lines that are on the screen already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from orchestrator.contract.times import format_time, parse_time
from runs.models import Log, TaskRun
from runs.models.logs import LogQuerySet

WINDOW = 500  # lines in one page
MOST_COUNTED = 10_000  # lines; more are said to be "10,000+"
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

# A transaction that began earlier may be committed later, so the next question reaches back this far.
ARRIVAL_OVERLAP = timedelta(seconds=2)
# How far back in time a line may belong that arrives only now; older ones are there after a reload.
LATENESS = timedelta(seconds=60)

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    time: datetime
    level: str  # debug, info, warning or error
    level_word: str
    task: str
    message: str

    @property
    def stamp(self) -> str:
        return f"{self.time:%H:%M:%S}.{self.time.microsecond // 1000:03d}"

    @property
    def cursor(self) -> str:
        return _cursor(self.time, self.id)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the address asks for. A level means that level and all that is worse; an unreadable value asks nothing."""

    level: str = ""
    text: str = ""
    task: UUID | None = None
    before: tuple[datetime, UUID] | None = None
    since: tuple[datetime, UUID] | None = None
    at: UUID | None = None
    after: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> LogFilter:
        level = query.get("level", "").lower()
        return cls(
            level=level if level in LEVELS else "",
            text=query.get("q", "").strip(),
            task=_uuid(query.get("task", "")),
            before=_read_cursor(query.get("before", "")),
            since=_read_cursor(query.get("from", "")),
            at=_uuid(query.get("at", "")),
            after=query.get("after", ""),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.level or self.text or self.task)

    def apply(self, logs: LogQuerySet) -> LogQuerySet:
        if self.level:
            logs = logs.filter(level__gte=LEVELS[self.level])
        if self.text:
            logs = logs.filter(message__icontains=self.text)
        if self.task:
            logs = logs.filter(task_run_id=self.task)
        return logs


@dataclass(frozen=True, slots=True)
class LogWindow:
    lines: list[Line]
    earlier: str | None  # cursor for the window before this one, None at the beginning of the log
    later: str | None  # cursor for the window after this one, None at its end
    arrived: str  # cursor for what arrives later

    @property
    def follows(self) -> bool:
        return self.later is None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Lines that arrived after a cursor. With `more`, the next question is due at once."""

    lines: list[Line]
    arrived: str
    more: bool


def read_window(logs: LogQuerySet, wanted: LogFilter, *, from_end: bool) -> LogWindow:
    """One window of the log: at a line, before or after a cursor, else the beginning or, with `from_end`, the end."""
    matching = wanted.apply(logs)
    if wanted.at is not None:
        anchor = matching.filter(id=wanted.at).first()
        if anchor is not None:
            return _around(matching, anchor)
    if wanted.before is not None:
        return _backwards(matching, wanted.before)
    if wanted.since is not None:
        return _forwards(matching, wanted.since)
    return _backwards(matching, None) if from_end else _forwards(matching, None)


def read_arrivals(logs: LogQuerySet, wanted: LogFilter) -> Arrivals:
    """The matching lines that arrived after `wanted.after`, a cursor of an earlier answer, in the order of time."""
    cursor = _read_arrival(wanted.after)
    new = wanted.apply(logs)
    if cursor is not None:
        arrived, last_id, newest = cursor
        new = new.filter(timestamp__gte=newest - LATENESS).filter(
            Q(created__gt=arrived) | Q(created=arrived, id__gt=last_id)
        )
    rows = list(new.order_by("created", "id")[:WINDOW])
    more = len(rows) == WINDOW
    if not rows:
        return Arrivals([], wanted.after, more=False)
    newest = max([row.timestamp for row in rows] + ([cursor[2]] if cursor else []))
    last = rows[-1]
    place = (last.created, last.id) if more else (last.created - ARRIVAL_OVERLAP, _BEFORE_ALL)
    rows.sort(key=lambda row: (row.timestamp, row.id))
    return Arrivals(_lines(rows), _arrival_cursor(*place, newest), more)


def count_levels(logs: LogQuerySet, wanted: LogFilter) -> list[dict[str, Any]]:
    """How many lines each level would show, whichever is chosen now. At most MOST_COUNTED lines are counted."""
    others = LogFilter(text=wanted.text, task=wanted.task).apply(logs)
    capped = Log.objects.filter(id__in=others.order_by().values("id")[:MOST_COUNTED])
    found = capped.aggregate(
        all=Count("id"), **{name: Count("id", filter=Q(level__gte=least)) for name, least in LEVELS.items()}
    )
    chips = [
        ("", "All", found["all"]),
        ("warning", "Warnings and errors", found["warning"]),
        ("error", "Errors", found["error"]),
    ]
    if found["debug"] > found["info"]:
        chips.insert(1, ("info", "Info", found["info"]))
    full = found["all"] >= MOST_COUNTED
    return [
        {"level": level, "word": word, "count": f"{count:,}{'+' if full and count else ''}"}
        for level, word, count in chips
    ]


def _around(logs: LogQuerySet, anchor: Log) -> LogWindow:
    place = (anchor.timestamp, anchor.id)
    before = list(logs.filter(_earlier_than(place)).order_by("-timestamp", "-id")[: WINDOW // 2 + 1])
    after = list(logs.filter(_later_than(place)).order_by("timestamp", "id")[: WINDOW // 2 + 1])
    rows = [*reversed(before[: WINDOW // 2]), anchor, *after[: WINDOW // 2]]
    return _window(rows, earlier=len(before) > WINDOW // 2, later=len(after) > WINDOW // 2)


def _backwards(logs: LogQuerySet, place: tuple[datetime, UUID] | None) -> LogWindow:
    found = logs.filter(_earlier_than(place)) if place else logs
    rows = list(found.order_by("-timestamp", "-id")[: WINDOW + 1])
    return _window(rows[:WINDOW][::-1], earlier=len(rows) > WINDOW, later=place is not None)


def _forwards(logs: LogQuerySet, place: tuple[datetime, UUID] | None) -> LogWindow:
    found = logs.filter(_later_than(place)) if place else logs
    rows = list(found.order_by("timestamp", "id")[: WINDOW + 1])
    return _window(rows[:WINDOW], earlier=place is not None, later=len(rows) > WINDOW)


def _window(rows: list[Log], *, earlier: bool, later: bool) -> LogWindow:
    if rows:
        arrived = max(row.created for row in rows) - ARRIVAL_OVERLAP
        cursor = _arrival_cursor(arrived, _BEFORE_ALL, rows[-1].timestamp)
    else:
        cursor = ""
    lines = _lines(rows)
    return LogWindow(
        lines=lines,
        earlier=lines[0].cursor if earlier and lines else None,
        later=lines[-1].cursor if later and lines else None,
        arrived=cursor,
    )


def _lines(rows: list[Log]) -> list[Line]:
    task_ids = {row.task_run_id for row in rows if row.task_run_id}
    names = dict(TaskRun.objects.filter(id__in=task_ids).values_list("id", "name")) if task_ids else {}
    return [
        Line(
            id=row.id,
            time=row.timestamp,
            level=_level(row.level),
            level_word="CRITICAL" if row.level >= 50 else _level(row.level).upper(),
            task=names.get(row.task_run_id, "") if row.task_run_id else "",
            message=_ANSI.sub("", row.message),
        )
        for row in rows
    ]


def _level(number: int) -> str:
    return next((name for name, least in reversed(LEVELS.items()) if number >= least), "debug")


def _earlier_than(place: tuple[datetime, UUID]) -> Q:
    return Q(timestamp__lt=place[0]) | Q(timestamp=place[0], id__lt=place[1])


def _later_than(place: tuple[datetime, UUID]) -> Q:
    return Q(timestamp__gt=place[0]) | Q(timestamp=place[0], id__gt=place[1])


def _cursor(moment: datetime, identifier: UUID) -> str:
    return f"{format_time(moment)}_{identifier}"


def _read_cursor(text: str) -> tuple[datetime, UUID] | None:
    moment, _, identifier = text.partition("_")
    found = _uuid(identifier)
    try:
        return (parse_time(moment), found) if found else None
    except ValueError:
        return None


def _arrival_cursor(arrived: datetime, last_id: UUID, newest: datetime) -> str:
    return f"{format_time(arrived)}_{last_id}_{format_time(newest)}"


def _read_arrival(text: str) -> tuple[datetime, UUID, datetime] | None:
    place, _, newest = text.rpartition("_")
    found = _read_cursor(place)
    try:
        return (*found, parse_time(newest)) if found else None
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
