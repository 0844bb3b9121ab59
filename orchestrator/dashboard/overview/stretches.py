"""Which parts of a span of time have to be counted, because nobody counted their hours before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from runs.services.hour_counts import HOUR

MOST_STRETCHES = 4  # of one span: each is a part of the query


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begin` to just before `end`."""

    begin: datetime
    end: datetime

    def has(self, moment: datetime) -> bool:
        return self.begin <= moment < self.end


def stretches_between(begin: datetime, end: datetime, known: Collection[datetime]) -> list[Stretch]:
    """What lies between the known hours, oldest first. Of very many the last one reaches over known hours."""
    found: list[Stretch] = []
    at = begin
    for hour in sorted(known):
        if at < hour:
            found.append(Stretch(at, hour))
        at = hour + HOUR
    if at < end:
        found.append(Stretch(at, end))
    if len(found) > MOST_STRETCHES:
        found[MOST_STRETCHES - 1 :] = [Stretch(found[MOST_STRETCHES - 1].begin, found[-1].end)]
    return found
