"""Questions that no index answers are asked of the newest rows alone, so that the answer comes in time and says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from orchestrator.pages.filters.selection import Selection
from runs.pages.run_orders import is_by_time

MOST_LOOKED_AT = 100_000  # rows
_FIND_THE_NEWEST = ("deployment", "flow", "run")  # terms of which one value has an index in the order of time


@dataclass(frozen=True, slots=True)
class Newest:
    """`rows` as they match in everything but their state. None older than `since` was looked at; None: all were."""

    rows: Any
    since: datetime | None


def newest_matching(rows: Any, wanted: Selection, sort: str) -> Newest:
    """Of `rows`, which are those of a stretch of time with their `sort_time`. One query at most."""
    since = None
    if wanted.reads_all or not is_by_time(sort):
        newest = rows.filter(_condition_with_index(wanted)).order_by("-sort_time").values_list("sort_time", flat=True)
        since = next(iter(newest[MOST_LOOKED_AT - 1 : MOST_LOOKED_AT]), None)
    if since is not None:
        since -= timedelta(microseconds=since.microsecond % 1000)  # an address says no less than milliseconds
        rows = rows.filter(sort_time__gte=since)
    return Newest(rows.filter(wanted.without("state")), since)


def _condition_with_index(wanted: Selection) -> Q:
    for name in _FIND_THE_NEWEST:
        values = wanted.values.get(name, ())
        if len(values) == 1 and not values[0].excluded and "*" not in values[0].text:
            return wanted.by_term[name]
    return Q()
