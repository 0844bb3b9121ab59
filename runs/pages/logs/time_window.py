"""The stretch of time that a log is limited to.

It is typed as times of day in the reader's zone. The address counts it in seconds since the run began, as the timeline
does, so that one stretch limits both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils import timezone

from orchestrator.pages.time_range import TimeRange
from runs.models import FlowRun, TaskRun
from runs.pages.logs.filters import LogFilter
from runs.pages.logs.lines import Clock

FIELDS = ("since", "until")  # of the form
SECOND = timedelta(seconds=1)  # fields have whole ones
# What another window leaves behind: the one before, the try that is one too, and places in the lines.
_LEFT = {*FIELDS, "tz", "t0", "t1", "attempt", "at", "before", "from", "after", "fragment", "jump"}


@dataclass(frozen=True, slots=True)
class WindowForm:
    since: str  # as fields for a date and a time have them
    until: str
    kept: list[tuple[str, Any]]  # the rest of the address


def window_form(request: HttpRequest, run: FlowRun | TaskRun, wanted: LogFilter) -> WindowForm | None:
    """What the fields hold: the window, else the times of the run. None before the run has begun."""
    begin = run.start_time
    if begin is None:
        return None
    since, until = wanted.since or begin, wanted.until or run.end_time
    kept = [(name, value) for name, value in request.GET.items() if name not in _LEFT]
    return WindowForm(_typed(since), _typed(until + SECOND - timedelta(microseconds=1)) if until else "", kept)


def is_typed(request: HttpRequest) -> bool:
    return any(name in request.GET for name in FIELDS)


def address_of_typed(request: HttpRequest, run: FlowRun | TaskRun) -> str:
    """The address of this page with the window that was typed; an end that is the run's own limits nothing."""
    given = {"from": request.GET.get("since", ""), "to": request.GET.get("until", ""), "tz": request.GET.get("tz", "")}
    asked = QueryDict(urlencode(given))
    chosen = TimeRange.from_query(asked, usual="all")
    query = {name: value for name, value in request.GET.items() if name not in _LEFT}
    if run.start_time:
        if chosen.since and abs(chosen.since - run.start_time) >= SECOND:
            query["t0"] = _seconds(chosen.since - run.start_time)
        if chosen.until and not (run.end_time and abs(chosen.until - run.end_time) < SECOND):
            query["t1"] = _seconds(chosen.until - run.start_time)
    return f"{request.path}?{urlencode(query)}" if query else request.path


def window_in_words(request: HttpRequest, wanted: LogFilter, clock: Clock) -> str:
    """`from 10:00:03.000 to 10:00:09.500`; empty where the address has none."""
    ends = (("t0", wanted.since, "from"), ("t1", wanted.until, "to"))
    return " ".join(f"{word} {clock(end)}" for name, end, word in ends if end and request.GET.get(name))


def _typed(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M:%S}"


def _seconds(distance: timedelta) -> str:
    return f"{distance.total_seconds():.3f}".rstrip("0").rstrip(".")
