"""The places of all lines that have a text. Looking for it reads the whole log, so a page does that only once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from runs.models.logs import LogQuerySet
from runs.pages.logs.filters import LEVELS, LogFilter

MOST_FOUND = 10_000  # lines; of a text that is in more, each page is looked for by itself, which then is quick

Spot = tuple[datetime, UUID]  # time and identifier of a line: its place in the order


@dataclass(frozen=True, slots=True)
class Matches:
    """Lines of every level, in order."""

    spots: Sequence[Spot]
    levels: Sequence[int]

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


def read_matches(logs: LogQuerySet, wanted: LogFilter) -> Matches | None:
    """None where nothing or an expression is searched for, and where too many lines have the text. One question."""
    if wanted.needle is None or wanted.expression is not None:
        return None
    rows = wanted.of_any_level().apply(logs).order_by("timestamp", "id").values_list("timestamp", "id", "level")
    found = list(rows[:MOST_FOUND])
    if len(found) == MOST_FOUND:
        return None
    return Matches([(time, id) for time, id, _ in found], [level for *_, level in found])


def least_level(wanted: LogFilter) -> int:
    return LEVELS[wanted.level] if wanted.level else 0
