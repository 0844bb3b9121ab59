"""How many lines each level would show, for the chips above a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from runs.models.logs import LogQuerySet
from runs.pages.logs.filters import LEVELS, LogFilter
from runs.pages.logs.lines import Line
from runs.pages.logs.matches import Matches

MOST_COUNTED = 10_000  # lines; more are said to be "10,000+"
_WARNING, _ERROR, _INFO = LEVELS["warning"], LEVELS["error"], LEVELS["info"]


@dataclass(frozen=True, slots=True)
class LevelCount:
    level: str  # as in the address, empty for all
    word: str
    count: str  # empty where counting would take long


def count_levels(logs: LogQuerySet, wanted: LogFilter, matches: Matches | None = None) -> list[LevelCount]:
    """Whichever level is chosen now. At most MOST_COUNTED lines of each are counted; two questions at most.

    `matches` are the lines with the text that is wanted, if they are known. What is not searched to the end has no
    counts.
    """
    if wanted.expression is not None or (matches is not None and matches.reached is not None):
        return [
            LevelCount("", "All", ""),
            LevelCount("warning", "Warnings and errors", ""),
            LevelCount("error", "Errors", ""),
        ]
    if matches is not None:
        total = matches.count(least=0)
        return _chips(
            total=total,
            debug=total - matches.count(least=_INFO),
            warning=matches.count(least=_WARNING),
            error=matches.count(least=_ERROR),
        )
    others = wanted.of_any_level().apply(logs).order_by()
    found = others.values("level")[:MOST_COUNTED].aggregate(
        total=Count("level"),
        warning=Count("level", filter=Q(level__gte=_WARNING)),
        error=Count("level", filter=Q(level__gte=_ERROR)),
        debug=Count("level", filter=Q(level__lt=_INFO)),
    )
    if found["total"] == MOST_COUNTED:  # the bad ones may be further on, and they have an index of their own
        bad = others.at_least(_WARNING).values("level")[:MOST_COUNTED]
        found |= bad.aggregate(warning=Count("level"), error=Count("level", filter=Q(level__gte=_ERROR)))
    return _chips(**found)


def count_lines(lines: Iterable[Line]) -> list[LevelCount]:
    """The same of a whole log that was read."""
    found = Counter(line.level for line in lines)
    return _chips(
        total=found.total(),
        debug=found["debug"],
        warning=found["warning"] + found["error"],
        error=found["error"],
    )


def _chips(*, total: int, debug: int, warning: int, error: int) -> list[LevelCount]:
    chips = [
        LevelCount("", "All", _words(total)),
        LevelCount("warning", "Warnings and errors", _words(warning)),
        LevelCount("error", "Errors", _words(error)),
    ]
    if debug:
        count = f"{total - debug:,}+" if total == MOST_COUNTED else _words(total - debug)
        chips.insert(1, LevelCount("info", "Info", count))
    return chips


def _words(count: int) -> str:
    return f"{count:,}" if count < MOST_COUNTED else f"{MOST_COUNTED:,}+"
