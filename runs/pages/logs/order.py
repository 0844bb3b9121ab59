"""The order of a log's lines: by time, and those of one moment by their identifiers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from runs.models import Log
from runs.models.logs import LogQuerySet

Spot = tuple[datetime, UUID]  # time and identifier of a line: its place in the order

STRETCH = 250_000  # lines at most that one question looks through
FIRST_STRETCH = 10_000  # the same, where some lines are wanted and not all that there are: they may be near
GROWTH = 5


def spot_of(line: Log) -> Spot:
    return (line.timestamp, line.id)


def earlier_than(spot: Spot) -> Q:
    """Begins with the bare time, which the index is searched by."""
    return Q(timestamp__lte=spot[0]) & (Q(timestamp__lt=spot[0]) | Q(id__lt=spot[1]))


def later_than(spot: Spot) -> Q:
    return Q(timestamp__gte=spot[0]) & (Q(timestamp__gt=spot[0]) | Q(id__gt=spot[1]))


def in_order(logs: LogQuerySet, spot: Spot | None, *, forwards: bool, end: Spot | None = None) -> LogQuerySet:
    """Lines after a place, or before it, as far as the one at `end`; None: from where the log begins, or to its end."""
    if spot is not None:
        logs = logs.filter(later_than(spot) if forwards else earlier_than(spot))
    if end is not None:
        logs = logs.filter(_until(end) if forwards else _from(end))
    return logs.order_by("timestamp", "id") if forwards else logs.order_by("-timestamp", "-id")


def stretches(
    logs: LogQuerySet, spot: Spot | None, *, forwards: bool, is_near: bool = False
) -> Iterator[tuple[Spot | None, Spot | None]]:
    """The log in parts from a spot on, each from after one place to another; the last one has no end.

    The index alone tells these, so that a search through a million lines can be given up on its way. With `is_near`
    the first parts are small.
    """
    lines = FIRST_STRETCH if is_near else STRETCH
    while True:
        places = in_order(logs, spot, forwards=forwards).values_list("timestamp", "id")[lines - 1 : lines]
        end = next(iter(places), None)
        yield spot, end
        if end is None:
            return
        spot, lines = end, min(lines * GROWTH, STRETCH)


def _until(spot: Spot) -> Q:
    """As `earlier_than`, with the line at the spot itself."""
    return Q(timestamp__lte=spot[0]) & (Q(timestamp__lt=spot[0]) | Q(id__lte=spot[1]))


def _from(spot: Spot) -> Q:
    return Q(timestamp__gte=spot[0]) & (Q(timestamp__gt=spot[0]) | Q(id__gte=spot[1]))
