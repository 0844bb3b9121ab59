"""What a clock on the wall shows when a cron expression is due, whatever the time zone.

Many schedules have the same expression, and are looked at in the same minute: what was worked out for one of them is
kept a while for the others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import count

from croniter import croniter
from croniter.croniter import CroniterError

_MOST_KEPT = 64  # expressions, each from one minute on
_FIELDS = 5  # of an expression that knows no seconds


def wall_times(expression: str, after: datetime, *, day_or: bool) -> Iterator[datetime]:
    """The times after `after`, which is naive like these. Raises ValueError for what is no expression."""
    if len(expression.split()) != _FIELDS:
        return iter(_WallTimes(expression, after, day_or))
    # Such an expression is due at full minutes only: the same times come after every second of a minute.
    return iter(_kept(expression, after.replace(second=0, microsecond=0), day_or))


class _WallTimes:
    """Worked out one by one as they are asked for. Threads may share it."""

    def __init__(self, expression: str, after: datetime, day_or: bool) -> None:
        self._upcoming = croniter(expression, after, day_or=day_or)
        self._known: list[datetime] = []
        self._ended = False  # it comes no more, such as 30 February
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[datetime]:
        for number in count():
            if number >= len(self._known) and not self._goes_on(number):
                return
            yield self._known[number]

    def _goes_on(self, number: int) -> bool:
        """Whether there is a time of this number; it is known then."""
        with self._lock:
            try:
                while number >= len(self._known) and not self._ended:
                    self._known.append(self._upcoming.get_next(datetime))
            except (CroniterError, OverflowError):
                self._ended = True
            return number < len(self._known)


@lru_cache(_MOST_KEPT)
def _kept(expression: str, after: datetime, day_or: bool) -> _WallTimes:
    return _WallTimes(expression, after, day_or)
