"""Times and names as they stand in explanations, and our commands with names that a shell takes for one word."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from deployments.services.why.explanation import Holder
from orchestrator.pages.words import MINUTE, duration_words, rough_words

MOST_NAMED = 3  # holders that a sentence names


def clock(moment: datetime, at: datetime) -> str:
    """`14:02:05 UTC`, in the zone of whoever reads the page; with the date when it is not the day of `at`."""
    there = timezone.localtime(moment)
    is_same_day = there.date() == timezone.localtime(at).date()
    return f"{there:%H:%M:%S} {there.tzname()}" if is_same_day else f"{there:%Y-%m-%d %H:%M} {there.tzname()}"


def ago(moment: datetime, at: datetime) -> str:
    """`14:02:05 UTC (2m 05s ago)`, or `(in 2m 05s)`; from ten minutes on `(52 min ago)`."""
    seconds = (at - moment).total_seconds()
    words = duration_words if abs(seconds) < 10 * MINUTE else rough_words
    distance = f"{words(seconds)} ago" if seconds >= 0 else f"in {words(-seconds)}"
    return f"{clock(moment, at)} ({distance})"


def command(*words: object) -> str:
    """A command of ours: `orchestrator …`."""
    return shlex.join(["orchestrator", *map(str, words)])


def count(number: int, what: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def who_holds(holders: Sequence[Holder], occupied: int, at: datetime) -> str:
    """`It is held by crimson-fox (Running since 14:02:05 UTC) and 2 more.`, or nothing when nobody is known."""
    if not holders:
        return ""
    named = [_named(holder, at) for holder in holders[:MOST_NAMED]]
    more = occupied - len(named)
    if more > 0:
        named.append(f"{more} more")
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f" Held by {listed}."


def _named(holder: Holder, at: datetime) -> str:
    if holder.since is None:
        return holder.name
    return f"{holder.name} ({holder.state_name or 'held'} since {clock(holder.since, at)})"
