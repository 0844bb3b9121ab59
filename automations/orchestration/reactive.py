"""Counting events within a window until a reactive trigger fires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from automations.orchestration.matching import is_named

LOOK_BACK = timedelta(minutes=15)  # events may come in another order than they occurred
FOR_EVER = timedelta(days=36_500)
# Clients say when an event occurred. From a time at an end of the calendar nothing can be counted on or back.
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC) + FOR_EVER, datetime(9999, 12, 31, tzinfo=UTC) - FOR_EVER


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted between two moments. One that fired counts nothing more, and holds back the next until `end`."""

    start: datetime
    end: datetime
    count: int = 0
    fired: bool = False


def count_event(
    trigger: Mapping[str, Any], window: Window | None, *, name: str, occurred: datetime
) -> tuple[Window | None, bool]:
    """The window after an event that the trigger covers, and whether the trigger fires now.

    Without `after` the first expected event opens a window of `within` seconds. With it only such an event does, and
    what is expected counts from then on. A window of no length is not kept: every event that reaches the threshold of
    one fires.
    """
    within = timedelta(seconds=min(trigger.get("within") or 0.0, FOR_EVER.total_seconds()))
    occurred = min(max(occurred, _FIRST), _LAST)
    after, expect = trigger.get("after") or [], trigger.get("expect") or []
    opens, counts = is_named(after, name), not expect or is_named(expect, name)
    if window is not None and occurred > window.end and within:
        window = None
    if after:
        if window is None:
            # What opens the window is not what is waited for in it, even where both have one name.
            return (Window(occurred, _end(occurred, within)), False) if opens else (None, False)
    elif window is None and counts:
        window = Window(occurred - LOOK_BACK, _end(occurred, within))
    if window is None or not counts or window.fired or not window.start <= occurred <= window.end:
        return window, False
    window = replace(window, count=window.count + 1)
    if window.count < trigger.get("threshold", 1):
        return window, False
    return (replace(window, fired=True) if within else None), True


def _end(start: datetime, within: timedelta) -> datetime:
    """A trigger that names no time waits for its events for ever."""
    return start + (within or FOR_EVER)
