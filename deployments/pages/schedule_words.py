"""A schedule in words: `every 15 min`, `at 02:30 on Mondays, Europe/Berlin`. What has no short words stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SHORT_DAYS = {name[:3].casefold(): number for number, name in enumerate(_DAYS)}
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
_UNITS = ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "min"), (1, "s"))
_FREQUENCIES = {
    "SECONDLY": "second",
    "MINUTELY": "minute",
    "HOURLY": "hour",
    "DAILY": "day",
    "WEEKLY": "week",
    "MONTHLY": "month",
    "YEARLY": "year",
}
_MOST_RULE = 60  # characters of a rule that are shown
_FIELDS = 5


def schedule_words(schedule: Mapping[str, Any]) -> str:
    """Of a schedule as it is stored."""
    if "interval" in schedule:
        return f"every {interval_words(float(schedule['interval']))}"
    if "cron" in schedule:
        return _with_zone(cron_words(schedule["cron"]), schedule)
    return _with_zone(_rule_words(schedule["rrule"]), schedule)


def interval_words(seconds: float) -> str:
    """`15 min`, `2 hours`, `hour`: in the largest unit of which it is a whole number."""
    for length, unit in _UNITS:
        number, rest = divmod(seconds, length)
        if number and not rest:
            plural = "s" if number > 1 and unit not in ("min", "s") else ""
            return unit if number == 1 and unit not in ("s",) else f"{int(number)} {unit}{plural}"
    return f"{seconds:g} s"


def cron_words(expression: str) -> str:
    """The expression itself where it says more than a few words do."""
    fields = _NAMED.get(expression.strip().casefold(), expression).split()
    words = _of_fields(*fields) if len(fields) == _FIELDS else None
    return words or f"cron {expression}"


def _of_fields(minute: str, hour: str, day: str, month: str, weekday: str) -> str | None:
    if month not in "*":
        return None
    on = _on(day, weekday)
    if on is None:
        return None
    if minute.isdigit() and hour.isdigit():
        return f"at {int(hour):02d}:{int(minute):02d} {on or 'every day'}"
    often = _often(minute, hour)
    return f"{often} {on}".strip() if often else None


def _often(minute: str, hour: str) -> str | None:
    if hour == "*":
        if minute == "*":
            return "every min"
        if step := re.fullmatch(r"(?:\*|0)/(\d+)", minute):
            return f"every {step[1]} min" if int(step[1]) > 1 else "every min"
        return f"every hour at :{int(minute):02d}" if minute.isdigit() else None
    step = re.fullmatch(r"\*/(\d+)", hour)
    if step and minute.isdigit():
        return (
            f"every {step[1]} hours at :{int(minute):02d}" if int(step[1]) > 1 else f"every hour at :{int(minute):02d}"
        )
    return None


def _on(day: str, weekday: str) -> str | None:
    """The days, nothing for every day, None where it takes more words."""
    if day == "*" and weekday == "*":
        return ""
    if weekday == "*":
        return f"on day {day} of the month" if day.isdigit() else None
    if day != "*":
        return None
    if weekday.casefold() in ("1-5", "mon-fri"):
        return "on weekdays"
    numbers = [_weekday(part) for part in weekday.split(",")]
    if None in numbers:
        return None
    names = [f"{_DAYS[number]}s" for number in numbers if number is not None]
    return "on " + (names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}")


def _weekday(text: str) -> int | None:
    if text.isdigit() and int(text) <= len(_DAYS):
        return int(text) % len(_DAYS)
    return _SHORT_DAYS.get(text.casefold())


def _rule_words(rule: str) -> str:
    lines = [line for line in rule.splitlines() if not line.upper().startswith("DTSTART")]
    text = lines[0].removeprefix("RRULE:") if len(lines) == 1 else ""
    parts = dict(part.split("=", 1) for part in text.upper().split(";") if "=" in part)
    unit = _FREQUENCIES.get(parts.pop("FREQ", ""))
    interval = parts.pop("INTERVAL", "1")
    if unit is None or parts:
        return f"rule {' '.join(lines)[:_MOST_RULE]}"
    return f"every {unit}" if interval == "1" else f"every {interval} {unit}s"


def _with_zone(words: str, schedule: Mapping[str, Any]) -> str:
    zone = schedule.get("timezone")
    return f"{words}, {zone}" if zone and zone != "UTC" else words
