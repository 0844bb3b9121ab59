"""Past hours with their runs by state: counted in the background, and known until one of their runs changes.

Whoever changes a run of an hour that is over adds a ChangedHour in the same transaction, so nobody sees the change and
still takes the old count for right. Who counts reads those rows first, then the runs, and takes away what it read: a
change that commits meanwhile leaves its row behind, and the hour is counted once more.

An hour that ended just now needs no such rows, because it is not counted before it is YOUNG no longer. A transaction
that goes on for longer than that leaves is waited for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, Func, IntegerField, Max, Min, OuterRef, QuerySet, Sum
from django.db.models.lookups import IsNull

from orchestrator.contract.states import TERMINAL
from orchestrator.contract.times import now
from orchestrator.statements.open_transactions import is_writing_since
from orchestrator.statements.writing import insert_values
from runs.models import ChangedHour, FlowRun, HourCount, TaskRun
from runs.models.hour_counts import Counted, Counts, hour_of
from runs.services.durations import lateness_seconds

HOUR = timedelta(hours=1)
MINUTES = 60
YOUNG = timedelta(minutes=30)  # that ended less than this ago
UNWATCHED = timedelta(minutes=10)  # after its end a change need not be told; the rest of YOUNG is for slow writers
KEPT = timedelta(days=366)
CHECKED_AFTER = timedelta(days=1)
CHECKED_AT_ONCE = 4  # one round a minute checks those of a quarter within the day
COUNTED_AT_ONCE = 24
_AT_ONCE = 500  # rows that one statement deletes
MODELS: dict[Counted, type[FlowRun] | type[TaskRun]] = {Counted.FLOW_RUNS: FlowRun, Counted.TASK_RUNS: TaskRun}


def known_hours(since: datetime, until: datetime, kind: Counted = Counted.FLOW_RUNS) -> dict[datetime, Counts]:
    """The hours that lie wholly in the span and are counted, with what was found: type of state, name, and number.

    Of flow runs those that are nobody's subflow.
    """
    rows = HourCount.objects.known(kind).filter(hour__gte=since, hour__lte=until - HOUR)
    return {
        hour: [(type_, name, number) for type_, name, number in counts]
        for hour, counts in rows.values_list("hour", "counts")
    }


def forget_hours(kind: Counted, moments: Iterable[datetime | None]) -> None:
    """In the transaction that adds, changes or deletes runs: these are the times at which they began or were to, both
    before and after.
    """
    at = now()
    hours = {hour_of(moment) for moment in moments if moment is not None and at - KEPT < moment < at - UNWATCHED}
    over = [(kind.value, hour) for hour in hours if hour + HOUR < at - UNWATCHED]
    if over:
        insert_values(ChangedHour, ("kind", "hour"), over)


def count_hours() -> int:
    """Count a batch of the hours that are not known, the newest first. Returns how many."""
    at = now()
    if is_writing_since(at - (YOUNG - UNWATCHED)):
        return 0  # and may have changed a run when its hour was not over for long
    for kind in MODELS:
        _open_hours(kind, at)
    waiting = HourCount.objects.uncounted().order_by("-hour", "kind").values_list("kind", "hour")
    return sum(_count(Counted(kind), hour) for kind, hour in list(waiting[:COUNTED_AT_ONCE]))


def check_hours() -> int:
    """Count again what was counted longest ago: a subflow may have lost the task run of its parent, or somebody may
    have written to the tables by hand. Returns how many hours.
    """
    outdated = HourCount.objects.filter(counted_at__lt=now() - CHECKED_AFTER).order_by("counted_at")
    found = list(outdated.values_list("kind", "hour")[:CHECKED_AT_ONCE])
    return sum(_count(Counted(kind), hour) for kind, hour in found)


def forget_old_hours() -> int:
    before = now() - KEPT
    changed = ChangedHour.objects.filter(hour__lt=before)
    changed._raw_delete(changed.db)
    old = HourCount.objects.filter(hour__lt=before)
    return old._raw_delete(old.db)


def _open_hours(kind: Counted, at: datetime) -> None:
    """Make the rows of the hours that ended since the last round, the first time those of all hours with runs; and of
    older hours to which a run was added.
    """
    end = at - YOUNG
    begin = _last_hour(kind) or _first_hour(kind, at)
    hours = []
    while begin is not None and begin + HOUR <= end:
        hours.append(begin)
        begin += HOUR
    unknown = ~Exists(HourCount.objects.filter(kind=kind, hour=OuterRef("hour")))
    added = ChangedHour.objects.filter(unknown, kind=kind, hour__lte=end - HOUR, hour__gt=at - KEPT)
    hours += added.values_list("hour", flat=True).distinct()
    HourCount.objects.bulk_create([HourCount(kind=kind, hour=hour) for hour in hours], ignore_conflicts=True)


def _last_hour(kind: Counted) -> datetime | None:
    """The one after the last that was opened."""
    last: datetime | None = HourCount.objects.filter(kind=kind).aggregate(last=Max("hour"))["last"]
    return last + HOUR if last else None


def _first_hour(kind: Counted, at: datetime) -> datetime | None:
    """The hour of the first run, or None when there is none yet."""
    runs = MODELS[kind].objects.newest_first().order_by()
    began: datetime | None = runs.filter(sort_time__gt=at - KEPT).aggregate(first=Min("sort_time"))["first"]
    expected: datetime | None = runs.filter(expected_start_time__gt=at - KEPT).aggregate(
        first=Min("expected_start_time")
    )["first"]
    return min((hour_of(first) for first in (began, expected) if first), default=None)


@transaction.atomic
def _count(kind: Counted, hour: datetime) -> int:
    row = HourCount.objects.select_for_update().filter(kind=kind, hour=hour)
    if not row.exists():
        return 0
    changes = list(ChangedHour.objects.filter(kind=kind, hour=hour).values_list("pk", flat=True))
    found = {**_began_in(kind, hour), **_expected_in(kind, hour)}
    for start in range(0, len(changes), _AT_ONCE):
        changed = ChangedHour.objects.filter(pk__in=changes[start : start + _AT_ONCE])
        changed._raw_delete(changed.db)
    return row.update(**found, counted_at=now())


def _began_in(kind: Counted, hour: datetime) -> dict[str, Any]:
    """`counts` and `began` of the hour."""
    runs = MODELS[kind].objects.newest_first().filter(sort_time__gte=hour, sort_time__lt=hour + HOUR)
    told = "start_time" if kind is Counted.TASK_RUNS else "parent_task_run"
    rows = _by_minute(runs.annotate(is_null=IsNull(F(told), True)), "sort_time", "is_null")
    counts: dict[tuple[Any, Any], int] = {}
    began: dict[tuple[Any, Any], list[int]] = {}
    for type_, name, is_null, minute, number in rows.annotate(number=Count("*")):
        if kind is Counted.TASK_RUNS or is_null:
            counts[type_, name] = counts.get((type_, name), 0) + number
        if kind is Counted.FLOW_RUNS or not is_null:
            began.setdefault((type_, name), [0] * MINUTES)[minute] += number
    return {
        "counts": [[*state, number] for state, number in counts.items()],
        "began": [[*state, numbers] for state, numbers in began.items()],
    }


def _expected_in(kind: Counted, hour: datetime) -> dict[str, Any]:
    """`expected` and `total` of the hour."""
    runs = MODELS[kind].objects.filter(expected_start_time__gte=hour, expected_start_time__lt=hour + HOUR)
    rows = _by_minute(runs, "expected_start_time")
    sums = {
        "number": Count("*"),
        "seconds": Sum("total_run_time"),
        "late": Sum(lateness_seconds(hour)),  # of runs that ended it is the same at any time
    }
    expected: dict[tuple[Any, Any], tuple[list[int], list[float], list[float]]] = {}
    total = 0
    for type_, name, minute, number, seconds, late in rows.annotate(**sums):
        total += number
        minutes = expected.setdefault((type_, name), ([0] * MINUTES, [0.0] * MINUTES, [0.0] * MINUTES))
        minutes[0][minute] = number
        if type_ in TERMINAL:
            minutes[1][minute], minutes[2][minute] = round(seconds, 6), round(late, 6)
    return {"expected": [[*state, *minutes] for state, minutes in expected.items()], "total": total}


def _by_minute(runs: QuerySet[Any, Any], column: str, *columns: str) -> QuerySet[Any, Any]:
    rows = runs.order_by().annotate(minute=_Minute(F(column)))
    return rows.values_list("state_type", "state_name", *columns, "minute")


class _Minute(Func):
    """The minute of the hour in which a time lies, without any rounding."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(substr(%(expressions)s, 15, 2) AS INTEGER)", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="date_part('minute', %(expressions)s)::integer", **extra)
