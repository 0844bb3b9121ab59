"""Durations and times in words, for people. `static/live.js` says the same for what goes on while the page is open."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone

MINUTE = 60
HOUR = 3600
DAY = 86400


def duration_words(seconds: float | None) -> str:
    """`40 ms`, `0.7 s`, `18 s`, `3m 29s`, `1 h 24 m`, `2 d 3 h`; nothing for None."""
    if seconds is None:
        return ""
    seconds = max(0.0, seconds)
    if 0 < seconds < 0.1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE:02d}s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02d} m"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def distance_words(moment: datetime, now: datetime) -> str:
    """`just now`, `12 s ago`, `4 min ago`, `3 h ago`, `2 d ago`; `in 9 min` for what is to come."""
    seconds = (now - moment).total_seconds()
    distance = int(abs(seconds))
    if distance < 2:
        return "just now"
    amount = rough_words(distance)
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def rough_words(seconds: float) -> str:
    """`12 s`, `4 min`, `3 h`, `2 d`: what is told in passing."""
    if seconds < MINUTE:
        return f"{int(seconds)} s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min"
    return f"{int(seconds // HOUR)} h" if seconds < DAY else f"{int(seconds // DAY)} d"


def exact_words(moment: datetime) -> str:
    """`2026-11-20 21:12:58 UTC`, for a reader elsewhere `2026-11-20 22:12:58 CET · 21:12:58 UTC`."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    zone = timezone.get_current_timezone()
    there = utc if zone is UTC else utc.astimezone(zone)
    if not there.utcoffset():
        return f"{utc.isoformat(' ', 'seconds').removesuffix('+00:00')} UTC"
    same_day = "%H:%M:%S" if there.date() == utc.date() else "%Y-%m-%d %H:%M:%S"
    return f"{there:%Y-%m-%d %H:%M:%S} {there.tzname()} · {utc.strftime(same_day)} UTC"


def day_words(moment: datetime, now: datetime) -> str:
    """`22:00` today, `Mon 04:00` within six days, else `3 Dec 04:00`; in the reader's zone."""
    there, here = timezone.localtime(moment), timezone.localtime(now)
    days = abs((there.date() - here.date()).days)
    if days == 0:
        return f"{there:%H:%M}"
    return f"{there:%a %H:%M}" if days < 7 else f"{there.day} {there:%b %H:%M}"
