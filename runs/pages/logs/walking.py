"""Going through the matching lines of a log from a place in it, forwards or backwards, a bounded distance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from uuid import UUID

from django.db.models import Q

from runs.models import Log
from runs.models.logs import LogQuerySet
from runs.pages.logs.filters import LogFilter
from runs.pages.logs.lines import with_task_names
from runs.pages.logs.matches import Matches, Spot, least_level
from runs.pages.logs.patterns import Needle, PatternRefused

CHUNK = 2_000  # lines that are read at a time
PATIENCE = 1.0  # seconds that an expression is matched for one page
PATIENCE_FOR_A_FILE = 10.0  # the same for a download, however long that takes to be sent


@dataclass(frozen=True, slots=True)
class Walk:
    rows: list[Log]  # in the order of the walk
    more: bool  # whether there may be others behind
    tired_at: Log | None = None  # the last line that was looked at when the time was over


def spot_of(line: Log) -> Spot:
    return (line.timestamp, line.id)


def earlier_than(spot: Spot) -> Q:
    """Begins with the bare time, which the index is searched by."""
    return Q(timestamp__lte=spot[0]) & (Q(timestamp__lt=spot[0]) | Q(id__lt=spot[1]))


def later_than(spot: Spot) -> Q:
    return Q(timestamp__gte=spot[0]) & (Q(timestamp__gt=spot[0]) | Q(id__gt=spot[1]))


def walk(
    logs: LogQuerySet,
    wanted: LogFilter,
    spot: Spot | None,
    *,
    forwards: bool,
    most: int,
    matches: Matches | None = None,
) -> Walk:
    """At most `most` lines from `spot`, that line itself left out; None is the end where the walk begins.

    `matches` are all lines with the text that is wanted, if they are known. Raises PatternRefused when the expression
    takes too long on a line.
    """
    expression = wanted.expression
    if expression is not None:
        return _walk_by(expression, wanted.apply(logs), spot, forwards=forwards, most=most)
    if matches is not None:
        ids = matches.from_spot(spot, least=least_level(wanted), forwards=forwards, most=most + 1)
        return Walk(_rows(ids[:most], forwards=forwards), more=len(ids) > most)
    rows = list(in_order(with_task_names(wanted.apply(logs)), spot, forwards=forwards)[: most + 1])
    return Walk(rows[:most], more=len(rows) > most)


def _walk_by(expression: Needle, logs: LogQuerySet, spot: Spot | None, *, forwards: bool, most: int) -> Walk:
    found: list[UUID] = []
    tired_at = None
    deadline = monotonic() + PATIENCE
    for row in chain.from_iterable(_chunks(logs.only("timestamp", "message"), spot, forwards=forwards)):
        if expression.is_in(row.message):
            found.append(row.id)
        if len(found) > most:
            break
        if monotonic() > deadline:
            tired_at = row
            break
    return Walk(
        _rows(found[:most], forwards=forwards), more=tired_at is not None or len(found) > most, tired_at=tired_at
    )


def _rows(ids: list[UUID], *, forwards: bool) -> list[Log]:
    rows = with_task_names(Log.objects.filter(id__in=ids)) if ids else []
    return sorted(rows, key=spot_of, reverse=not forwards)


def all_lines(logs: LogQuerySet, wanted: LogFilter) -> Iterator[Log]:
    """Every matching line in order, however many there are, a chunk in memory at a time. Raises PatternRefused."""
    rows = chain.from_iterable(_chunks(with_task_names(wanted.apply(logs)), None, forwards=True))
    yield from rows if wanted.expression is None else matching(rows, wanted.expression, seconds=PATIENCE_FOR_A_FILE)


def matching(rows: Iterable[Log], expression: Needle, *, seconds: float) -> Iterator[Log]:
    """The rows that have it. Raises PatternRefused once that took so many seconds, of which others' do not count."""
    for row in rows:
        began = monotonic()
        is_there = expression.is_in(row.message)
        seconds -= monotonic() - began
        if is_there:
            yield row
        if seconds < 0:
            raise PatternRefused("The expression takes too long on so many lines. Make it more exact.")


def _chunks(logs: LogQuerySet, spot: Spot | None, *, forwards: bool) -> Iterator[list[Log]]:
    while rows := list(in_order(logs, spot, forwards=forwards)[:CHUNK]):
        yield rows
        if len(rows) < CHUNK:
            return
        spot = spot_of(rows[-1])


def in_order(logs: LogQuerySet, spot: Spot | None, *, forwards: bool) -> LogQuerySet:
    if spot is not None:
        logs = logs.filter(later_than(spot) if forwards else earlier_than(spot))
    return logs.order_by("timestamp", "id") if forwards else logs.order_by("-timestamp", "-id")
