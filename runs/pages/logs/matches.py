"""The places of the lines that have a text. Looking for them reads the whole log, so a page does that only once.

Of a log that is so long that it takes seconds, the beginning is searched; the page says how far and goes on from there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from runs.models.logs import LogQuerySet
from runs.pages.logs.filters import LEVELS, LogFilter
from runs.pages.logs.order import Spot, in_order, stretches

MOST_FOUND = 10_000  # lines; of a text that is in more, each page is looked for by itself, which then is quick
PATIENCE = 3.0  # seconds that a text is looked for


@dataclass(frozen=True, slots=True)
class Matches:
    """Lines of every level, in order."""

    spots: Sequence[Spot]
    levels: Sequence[int]
    reached: Spot | None = None  # how far the log was searched; None: to its end

    def knows(self, spot: Spot | None, *, forwards: bool) -> bool:
        """Whether some of the next lines from a spot are known, or that there are none."""
        if self.reached is None:
            return True
        if spot is None:
            return forwards
        return spot < self.reached if forwards else spot <= self.reached

    def from_spot(self, spot: Spot | None, *, least: int, forwards: bool, most: int) -> list[UUID]:
        """The next lines of a level or worse, at most `most`; the line at the spot itself is left out."""
        if forwards:
            places = range(bisect_right(self.spots, spot) if spot else 0, len(self.spots))
        else:
            places = range((bisect_left(self.spots, spot) if spot else len(self.spots)) - 1, -1, -1)
        found = []
        for place in places:
            if self.levels[place] >= least:
                found.append(self.spots[place][1])
                if len(found) == most:
                    break
        return found

    def count(self, *, least: int) -> int:
        return sum(level >= least for level in self.levels)


def read_matches(logs: LogQuerySet, wanted: LogFilter, *, seconds: float = PATIENCE) -> Matches | None:
    """None where nothing or an expression is searched for, and where too many lines have the text.

    One question for each stretch, and another one that tells where it ends; none begins when the time is over.
    """
    if wanted.needle is None or wanted.expression is not None:
        return None
    deadline = monotonic() + seconds
    of_any_level = wanted.of_any_level()
    having_it = of_any_level.apply(logs)
    found: list[tuple[Spot, int]] = []
    end: Spot | None = None
    for begin, end in stretches(of_any_level.by_indexes().apply(logs), None, forwards=True):
        rows = in_order(having_it, begin, forwards=True, end=end).values_list("timestamp", "id", "level")
        found += [((time, id), level) for time, id, level in rows[: MOST_FOUND - len(found)]]
        if len(found) == MOST_FOUND:
            return None
        if monotonic() > deadline:
            break
    return Matches([spot for spot, _ in found], [level for _, level in found], reached=end)


def least_level(wanted: LogFilter) -> int:
    return LEVELS[wanted.level] if wanted.level else 0
