"""Going through the matching lines of a log from a place in it, forwards or backwards, a bounded distance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from time import monotonic
from typing import Any
from uuid import UUID

from runs.models import Log
from runs.models.logs import LogQuerySet
from runs.pages.logs.filters import LogFilter
from runs.pages.logs.lines import with_task_names
from runs.pages.logs.matches import Matches, least_level
from runs.pages.logs.order import Spot, in_order, spot_of, stretches
from runs.pages.logs.patterns import Needle, PatternRefused

CHUNK = 2_000  # lines that are read at a time
PATIENCE = 1.0  # seconds that is looked for one page
PATIENCE_FOR_A_FILE = 10.0  # the same for a download, however long that takes to be sent


@dataclass(frozen=True, slots=True)
class Walk:
    rows: list[Log]  # in the order of the walk
    more: bool  # whether there may be others behind
    tired_at: Spot | None = None  # of the last line that was looked at when the time was over


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

    `matches` are the lines with the text that is wanted, if they are known. Raises PatternRefused when the expression
    takes too long on a line.
    """
    expression = wanted.expression
    if expression is not None:
        return _walk_by(expression, logs, wanted, spot, forwards=forwards, most=most)
    if matches is not None and matches.knows(spot, forwards=forwards):
        ids = matches.from_spot(spot, least=least_level(wanted), forwards=forwards, most=most + 1)
        tired_at = matches.reached if forwards and len(ids) <= most else None
        return Walk(
            _rows(ids[:most], forwards=forwards), more=tired_at is not None or len(ids) > most, tired_at=tired_at
        )
    if wanted != wanted.by_indexes():
        return _walk_in_stretches(logs, wanted, spot, forwards=forwards, most=most)
    rows = list(in_order(with_task_names(wanted.apply(logs)), spot, forwards=forwards)[: most + 1])
    return Walk(rows[:most], more=len(rows) > most)


def _walk_in_stretches(logs: LogQuerySet, wanted: LogFilter, spot: Spot | None, *, forwards: bool, most: int) -> Walk:
    found: list[Log] = []
    tired_at = None
    deadline = monotonic() + PATIENCE
    matching_lines = with_task_names(wanted.apply(logs))
    for begin, end in stretches(wanted.by_indexes().apply(logs), spot, forwards=forwards, is_near=True):
        found += in_order(matching_lines, begin, forwards=forwards, end=end)[: most + 1 - len(found)]
        if len(found) > most:
            break
        if monotonic() > deadline:
            tired_at = end
            break
    return Walk(found[:most], more=tired_at is not None or len(found) > most, tired_at=tired_at)


def _walk_by(
    expression: Needle, logs: LogQuerySet, wanted: LogFilter, spot: Spot | None, *, forwards: bool, most: int
) -> Walk:
    found: list[UUID] = []
    tired_at = None
    deadline = monotonic() + PATIENCE
    for place, message in _candidates(logs, wanted, spot, forwards=forwards):
        if message is not None and expression.is_in(message):
            found.append(place[1])
        if len(found) > most:
            break
        if monotonic() > deadline:
            tired_at = place
            break
    return Walk(
        _rows(found[:most], forwards=forwards), more=tired_at is not None or len(found) > most, tired_at=tired_at
    )


def _candidates(
    logs: LogQuerySet, wanted: LogFilter, spot: Spot | None, *, forwards: bool
) -> Iterator[tuple[Spot, str | None]]:
    """Lines that the expression may match, and None for those that end a stretch without any."""
    lines: Any = wanted.apply(logs).values_list("timestamp", "id", "message")
    for begin, end in stretches(wanted.by_indexes().apply(logs), spot, forwards=forwards, is_near=True):
        within = in_order(lines, None, forwards=forwards, end=end)
        for some in _chunks(within, begin, forwards=forwards, spot_of=itemgetter(0, 1)):
            yield from (((time, id), message) for time, id, message in some)
        if end is not None:
            yield end, None


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


def _chunks(
    logs: LogQuerySet, spot: Spot | None, *, forwards: bool, spot_of: Callable[[Any], Spot] = spot_of
) -> Iterator[list[Any]]:
    """The lines, or what is asked of them; `spot_of` tells the place of one."""
    while rows := list(in_order(logs, spot, forwards=forwards)[:CHUNK]):
        yield rows
        if len(rows) < CHUNK:
            return
        spot = spot_of(rows[-1])
