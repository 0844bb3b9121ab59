"""Times for people: in their own zone, with how long ago; and times as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from orchestrator.contract.times import now, parse_time

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(w|d|h|m|s)[a-z]*\.?", re.IGNORECASE)
_NAMES = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def local(text: str | None) -> str:
    """A time of the API on this machine's clock, `2026-01-02 14:03:05 (3 minutes ago)`. Empty for none."""
    if not text:
        return ""
    moment = parse_time(text)
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S} ({relative(moment)})"


def ago(text: str | None) -> str:
    """For tables: `3m ago`, `in 2h`. Empty for none."""
    if not text:
        return ""
    seconds = _since(parse_time(text))
    if seconds == 0:
        return "now"
    size, name = next((size, name) for size, name in _NAMES if abs(seconds) >= size)
    span = f"{int(abs(seconds) // size)}{name[0]}"
    return f"{span} ago" if seconds > 0 else f"in {span}"


def relative(moment: datetime) -> str:
    seconds = _since(moment)
    if seconds == 0:
        return "just now"
    words = in_words(abs(seconds))
    return f"{words} ago" if seconds > 0 else f"in {words}"


def in_words(seconds: float) -> str:
    """The largest unit that fits, `3 minutes`."""
    for size, name in _NAMES:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'s' if count != 1 else ''}"
    return f"{seconds:.1f} seconds"


def duration(seconds: float | None) -> str:
    """`0.4s`, `12s`, `3m 05s`, `2h 07m`. Empty for none."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600:02d}h"


class Span(click.ParamType):
    """A length of time as people type it: `90`, `90s`, `5 minutes`, `1h30m`, `2 days`. Gives a timedelta."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        seconds = _seconds(str(value))
        if seconds is None:
            self.fail(f"{value!r} is no length of time; write for example 90s, 5m, 1h30m or '2 days'", param, ctx)
        try:
            return timedelta(seconds=seconds)
        except OverflowError:
            self.fail(f"{value!r} is too long", param, ctx)


class Moment(click.ParamType):
    """A point in time: `2026-01-02 14:00`, with a zone or on this machine's clock; `14:00` is today's. Aware, UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        moment = _moment(str(value).strip())
        if moment is None:
            self.fail(f"{value!r} is no time; write for example '2026-01-02 14:00' or 14:00", param, ctx)
        return moment


class Since(Moment):
    """A point in time, or how long ago it was: `2h`, `3 days`."""

    name = "time or duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        seconds = _seconds(text)
        moment = _moment(text) if seconds is None else None
        try:
            if seconds is not None:
                return now() - timedelta(seconds=seconds)
        except OverflowError:
            pass
        if moment is None:
            self.fail(f"{value!r} is neither a time ('2026-01-02 14:00') nor how long ago it was (2h)", param, ctx)
        return moment


def _since(moment: datetime) -> int:
    """Whole seconds: a moment less than ten minutes is not nine minutes."""
    return round((now() - moment).total_seconds())


def _seconds(text: str) -> float | None:
    text = re.sub(r"^\s*in\s+", "", text.strip(), flags=re.IGNORECASE)
    try:
        return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else _sum_of_spans(text)
    except OverflowError:
        return None


def _sum_of_spans(text: str) -> float | None:
    rest = _SPAN.sub("", text)
    spans = _SPAN.findall(text)
    if not spans or rest.replace("and", "").strip(" ,"):
        return None
    return sum(float(count) * _UNITS[unit.lower()] for count, unit in spans)


def _moment(text: str) -> datetime | None:
    today = datetime.now().astimezone()
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
        text = f"{today:%Y-%m-%d}T{text.zfill(len(text) + (text.index(':') == 1))}"
    try:
        # Without a zone it is a time on the clock of whoever typed it.
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
