"""The next times of a schedule, as the scheduler works them out, on the clock of its zone and on the reader's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from deployments.errors import CannotBePlanned
from deployments.services.schedule_times import times_of

SHOWN = 10
_FAR = timedelta(days=3_653)  # what comes later than in ten years is not shown
_LOOK_AHEAD_DAYS = 366  # for the next change of the clocks


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """`there` is on the clock of the schedule's zone, `here` on the reader's. `note`: clocks changed before it."""

    there: datetime
    here: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    rows: tuple[PreviewRow, ...]
    zone: str
    readers_zone: str
    clocks: str  # when clocks change next in the schedule's zone; empty where they do not
    problem: str = ""  # why there are no times


def preview_of(schedule: Mapping[str, Any], at: datetime) -> Preview:
    """Of a schedule as it is stored."""
    name = schedule.get("timezone") or "UTC"
    readers = str(timezone.get_current_timezone())
    try:
        times = list(times_of(schedule, start=at, end=at + _FAR, most=SHOWN))
    except CannotBePlanned as problem:
        return Preview((), name, readers, "", str(problem))
    return Preview(
        rows=tuple(_rows(times)),
        zone=name,
        readers_zone=readers,
        clocks=_next_change(schedule, ZoneInfo(name), at),
        problem="" if times else "It has no time in the next ten years.",
    )


def _rows(times: list[datetime]) -> list[PreviewRow]:
    rows = []
    before: timedelta | None = None
    for moment in times:
        offset = moment.utcoffset()
        note = ""
        if before is not None and offset is not None and offset != before:
            note = f"after the clocks went {'forward' if offset > before else 'back'}"
        rows.append(PreviewRow(moment, timezone.localtime(moment), note))
        before = offset
    return rows


def _next_change(schedule: Mapping[str, Any], zone: ZoneInfo, at: datetime) -> str:
    """In words, for the year to come; nothing where clocks stay as they are."""
    day, hour = timedelta(days=1), timedelta(hours=1)
    for number in range(_LOOK_AHEAD_DAYS):
        before = at + number * day
        if _offset(before, zone) == _offset(before + day, zone):
            continue
        while _offset(before, zone) == _offset(before + hour, zone):
            before += hour
        moved = _offset(before + hour, zone) - _offset(before, zone)
        forward = moved > timedelta()
        way, minutes = "forward" if forward else "back", int(abs(moved.total_seconds())) // 60
        date = f"{(before + hour).astimezone(zone):%-d %B %Y}"
        return f"Clocks in {zone} go {way} by {minutes} minutes on {date}: {_meaning(schedule, forward=forward)}."
    return ""


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(UTC).astimezone(zone).utcoffset() or timedelta()


def _meaning(schedule: Mapping[str, Any], *, forward: bool) -> str:
    """What becomes of its times in that night, as `services/schedule_times.py` works them out."""
    if "interval" not in schedule:
        return "a time that is left out counts an hour earlier" if forward else "a time that comes twice counts once"
    if schedule["interval"] >= timedelta(days=1).total_seconds():
        return "it keeps its hour, unless that one is left out" if forward else "it keeps its hour"
    return "it goes on counting seconds" if forward else "it rests for the hour that comes twice"
