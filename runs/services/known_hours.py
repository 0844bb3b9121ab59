"""Runs counted by what is known of past hours, and by themselves where nothing is known: the answer is the same.

Of an hour that is cut by what was asked for, the minutes that lie wholly inside are known. The rest are stretches of
time whose runs are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Count, F, Func, IntegerField, Max, Min, Q, QuerySet, Sum

from orchestrator.contract.states import TERMINAL
from orchestrator.rest.lookups import Likely
from orchestrator.statements.counting import count_together
from runs.models import HourCount
from runs.models.hour_counts import Counted, hour_of
from runs.services.hour_counts import HOUR, MINUTES, MODELS

MOST_STRETCHES = 60  # whose runs are counted by themselves; if there are more, all are
_MINUTE = timedelta(minutes=1)

Stretch = tuple[datetime | None, datetime | None]  # from the first moment to just before the second; None: no bound
State = tuple[str, str | None]  # type and name
Sums = tuple[int, float, float]  # runs, seconds that they ran, seconds by which they were late


def count_all(kind: Counted) -> int:
    """All runs that there are."""
    known = HourCount.objects.known(kind)
    found = known.aggregate(first=Min("hour"), last=Max("hour"), hours=Count("*"), total=Sum("total"))
    runs = MODELS[kind].objects.all()
    if not found["hours"]:
        return runs.count()
    if found["hours"] == (found["last"] - found["first"]) // HOUR + 1:
        stretches: list[Stretch] = [(None, found["first"]), (found["last"] + HOUR, None)]
    else:
        stretches = list(_between(sorted(known.values_list("hour", flat=True)), None, None))
    if len(stretches) > MOST_STRETCHES:
        return runs.count()
    unknown = (runs.filter(_in_stretch("expected_start_time", stretch)) for stretch in stretches)
    return int(found["total"]) + count_together(*unknown, runs.filter(expected_start_time=None))


def count_began(
    kind: Counted, *, types: Sequence[str] | None, since: datetime | None, until: datetime | None
) -> int | None:
    """Runs of these types of state (None: any) that began from `since` up to and with `until`, of which one is given.
    None: too little is known, and all have to be counted.

    A flow run that has not begun counts by when it is to.
    """
    rows = HourCount.objects.known(kind)
    if since is not None:
        rows = rows.filter(hour__gte=hour_of(since))
    if until is not None:
        rows = rows.filter(hour__lte=until)
    total, hours = 0, []
    stretches: list[Stretch] = []
    for hour, began in rows.order_by("hour").values_list("hour", "began"):
        first = 0 if since is None or since <= hour else _minutes_up(since - hour)
        last = MINUTES if until is None or until >= hour + HOUR else (until - hour) // _MINUTE
        if first >= last:
            continue  # the whole hour is a stretch
        hours.append(hour)
        total += sum(sum(numbers[first:last]) for type_, _, numbers in began if types is None or type_ in types)
        if first:
            stretches.append((hour, hour + _MINUTE * first))
        if last < MINUTES:
            stretches.append((hour + _MINUTE * last, hour + HOUR))
    stretches += _between(hours, since, None)
    if not hours or len(stretches) > MOST_STRETCHES:
        return None
    runs: Any = MODELS[kind].objects.newest_first()
    if types is not None:
        runs = runs.filter(state_type__in=types)
    if kind is Counted.TASK_RUNS:
        runs = runs.filter(start_time__isnull=False)
    return total + count_together(*(runs.filter(_began_in(stretch, since, until)) for stretch in stretches))


@dataclass(slots=True)
class KnownIntervals:
    """What is known of intervals of equal length: by the number of the interval and the state.

    `rest` says which runs are still to be counted, of those that have a `sort_time` too.
    """

    sums: dict[tuple[int, State], Sums] = field(default_factory=dict)
    rest: Q = field(default_factory=Q)


def known_intervals(
    kind: Counted, *, start: datetime, interval: timedelta, count: int, now: datetime
) -> KnownIntervals | None:
    """By when runs were expected to start, from `start` on. None: all runs have to be counted."""
    end = start + interval * count
    cuts = [start + interval * number for number in range(count + 1)]
    whole_minutes = not any(cut.second or cut.microsecond for cut in cuts)
    if not whole_minutes and count > MOST_STRETCHES:
        return None
    rows = HourCount.objects.known(kind).filter(hour__gte=hour_of(start), hour__lt=end).order_by("hour")
    known = KnownIntervals()
    hours: list[datetime] = []
    stretches: list[tuple[datetime, datetime]] = []
    unfinished: set[str] = set()
    for hour, expected in rows.values_list("hour", "expected"):
        hours.append(hour)
        pieces = list(_pieces(hour, start, interval, count))
        stretches += _left_out(hour, pieces)
        for type_, name, numbers, seconds, late in expected:
            if type_ is None:
                continue
            if type_ not in TERMINAL:
                unfinished.add(type_)
                continue
            for number, first, last in pieces:
                if found := sum(numbers[first:last]):
                    _add(known, (number, (type_, name)), (found, sum(seconds[first:last]), sum(late[first:last])))
    stretches += [(first or start, last or end) for first, last in _between(hours, start, end)]
    if not hours or len(stretches) > MOST_STRETCHES:
        return None
    # Cut to size here: to a condition of its own for all of the time a database would read the index of all of it.
    within = ((max(start, first), min(end, last)) for first, last in stretches)
    cut = [(first, last) for first, last in within if first < last]
    # None of these began later than that, which leaves out what is planned.
    begun = Q(state_type__in=unfinished, sort_time__lte=max(end, now))
    in_time = Q(expected_start_time__gte=start, expected_start_time__lt=end)
    if connection.vendor == "sqlite":  # which would not put together what several parts of an index say
        others = MODELS[kind].objects.newest_first().order_by().filter(begun, Likely(in_time))
        known.rest = Q(_FoundApart("expected_start_time", cut, others if unfinished else None))
    else:
        known.rest = Q(_Within("expected_start_time", cut)) | begun & in_time
    return known


def _pieces(hour: datetime, start: datetime, interval: timedelta, count: int) -> Iterator[tuple[int, int, int]]:
    """The intervals that have minutes of this hour wholly inside: their number, and the first and last such minute."""
    number = max(0, (hour - start) // interval)
    while number < count and (begin := start + interval * number) < hour + HOUR:
        first, last = max(0, _minutes_up(begin - hour)), min(MINUTES, (begin + interval - hour) // _MINUTE)
        if first < last:
            yield number, first, last
        number += 1


def _left_out(hour: datetime, pieces: Iterable[tuple[int, int, int]]) -> Iterator[tuple[datetime, datetime]]:
    at = 0
    for _, first, last in [*pieces, (0, MINUTES, MINUTES)]:
        if at < first:
            yield hour + _MINUTE * at, hour + _MINUTE * first
        at = last


def _add(known: KnownIntervals, key: tuple[int, State], more: Sums) -> None:
    number, seconds, late = known.sums.get(key, (0, 0.0, 0.0))
    known.sums[key] = (number + more[0], seconds + more[1], late + more[2])


def _minutes_up(length: timedelta) -> int:
    return -(-length // _MINUTE)


def _between(hours: Iterable[datetime], begin: datetime | None, end: datetime | None) -> Iterator[Stretch]:
    """What lies between these hours, which are in order, and before and after them."""
    at = begin
    for hour in hours:
        if at is None or at < hour:
            yield at, hour
        at = hour + HOUR
    if end is None or at is None or at < end:
        yield at, end


def _began_in(stretch: Stretch, since: datetime | None, until: datetime | None) -> Q:
    """In the part of it that was asked for. SQLite looks up by one bound at each end, and it may not be the nearer."""
    begin, end = stretch
    if since is not None and (begin is None or begin < since):
        begin = since
    if until is None or (end is not None and end <= until):
        return _in_stretch("sort_time", (begin, end))
    return _in_stretch("sort_time", (begin, None)) & Q(sort_time__lte=until)


def _in_stretch(column: str, stretch: Stretch) -> Q:
    begin, end = stretch
    wanted = Q() if begin is None else Q(**{f"{column}__gte": begin})
    return wanted if end is None else wanted & Q(**{f"{column}__lt": end})


class _Within(Func):
    """Whether a time lies in one of these stretches, which have bounds. Put together in one go: they may be many."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: str, stretches: Sequence[tuple[datetime, datetime]]) -> None:
        super().__init__(F(column))
        self._stretches = stretches

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        if not self._stretches:
            return "(1 = 0)", []
        column, _ = compiler.compile(self.source_expressions[0])
        moments = [connection.ops.adapt_datetimefield_value(moment) for each in self._stretches for moment in each]
        return f"({' OR '.join([f'({column} >= %s AND {column} < %s)'] * len(self._stretches))})", moments


class _FoundApart(Func):
    """Whether a run lies in one of these stretches, each of which is looked up in the index for itself, or is among
    these others. On SQLite, by the number that it gives each row: the key would have to be looked up once more.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: str, stretches: Sequence[tuple[datetime, datetime]], others: QuerySet[Any, Any] | None):
        super().__init__()
        self._column = column
        self._stretches = stretches
        self._others = others

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        table = connection.ops.quote_name(compiler.query.model._meta.db_table)
        row, column = f"{table}.rowid", f"{table}.{connection.ops.quote_name(self._column)}"
        parts = [f"SELECT {row} FROM {table} WHERE {column} >= %s AND {column} < %s"] * len(self._stretches)
        params = [connection.ops.adapt_datetimefield_value(moment) for each in self._stretches for moment in each]
        if self._others is not None:
            rows = self._others.values_list(Func(template=row, output_field=IntegerField()))
            sql, more = rows.query.get_compiler(connection=connection).as_sql()
            parts.append(sql)
            params += more
        return (f"{row} IN ({' UNION ALL '.join(parts)})", params) if parts else ("(1 = 0)", [])
