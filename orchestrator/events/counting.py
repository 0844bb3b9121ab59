"""How many events there were: by time, by name, by resource."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, Count, F, FloatField, Max, Min, TextField, Value
from django.db.models.expressions import Func
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Floor

from orchestrator.contract.times import format_time, now
from orchestrator.events.filters import EventFilter
from orchestrator.events.models import Event

MOST_BUCKETS = 1000
LEAST_INTERVAL = 0.01
GRID = datetime(2024, 4, 1, tzinfo=UTC)  # a Monday; a bucket of any width begins here, and so all the others follow
_SMALLEST = timedelta(microseconds=1)
_NAME = Coalesce(
    KeyTextTransform("prefect.resource.name", "resource"),
    KeyTextTransform("prefect.name", "resource"),
    F("resource_id"),
    output_field=TextField(),
)


class Countable(StrEnum):
    DAY = "day"
    TIME = "time"
    EVENT = "event"
    RESOURCE = "resource"


class TimeUnit(StrEnum):
    WEEK = "week"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"

    @property
    def seconds(self) -> float:
        return timedelta(**{f"{self.value}s": 1}).total_seconds()

    def end_of(self, moment: datetime) -> datetime:
        """The last moment of the week, day and so on in which this one lies. Weeks begin on Monday."""
        unit = timedelta(seconds=self.seconds)
        return GRID + unit * ((moment - GRID) // unit + 1) - _SMALLEST


class TooManyBuckets(Exception):
    """The interval is too short for the time that is asked for."""


class BeyondTime(Exception):
    """Buckets of this width would begin or end where there are no dates."""


class EventCount(NamedTuple):
    """`start_time` and `end_time` are those of the bucket, or of the first and last event of the name or resource.

    Of a bucket `value` is its place in the answer.
    """

    value: str
    label: str
    number: int
    start_time: datetime
    end_time: datetime

    def to_wire(self) -> dict[str, Any]:
        times = {"start_time": format_time(self.start_time), "end_time": format_time(self.end_time)}
        return {"value": self.value, "label": self.label, "count": self.number, **times}


def count_events(filter: EventFilter, countable: Countable, unit: TimeUnit, interval: float) -> list[EventCount]:
    """By time every bucket is there, also the empty ones; else the most frequent come first.

    Raises TooManyBuckets or BeyondTime.
    """
    at = now()
    since, until = filter.window(at)
    _check_number(since, until, unit.seconds * interval)
    if countable is Countable.EVENT:
        return _by_value(filter, at, F("event"), F("event"))
    if countable is Countable.RESOURCE:
        return _by_value(filter, at, F("resource_id"), Max(_NAME))
    if countable is Countable.DAY:
        unit, interval = TimeUnit.DAY, 1.0
        _check_number(since, until, unit.seconds)
    if until > at:
        until = unit.end_of(at)
    try:
        return _by_time(filter, at, since, until, timedelta(seconds=unit.seconds * interval))
    except OverflowError:
        raise BeyondTime("The interval is too long.") from None


def _check_number(since: datetime, until: datetime, width_seconds: float) -> None:
    buckets = math.ceil((until - since).total_seconds() / width_seconds)
    if buckets > MOST_BUCKETS:
        raise TooManyBuckets(f"The interval would make {buckets} buckets; at most {MOST_BUCKETS} are possible.")


def _by_value(filter: EventFilter, at: datetime, value: Any, label: Any) -> list[EventCount]:
    rows = (
        Event.objects.filter(filter.condition(at))
        .values(value_=value)
        .annotate(label_=label, count=Count("pk"), first=Min("occurred"), last=Max("occurred"))
        .order_by("-count", "label_")[:MOST_BUCKETS]
    )
    return [EventCount(row["value_"], row["label_"], row["count"], row["first"], row["last"]) for row in rows]


def _by_time(filter: EventFilter, at: datetime, since: datetime, until: datetime, width: timedelta) -> list[EventCount]:
    """Buckets lie on one grid for ever, so that the same bucket means the same time whenever it is asked for."""
    number = Cast(Floor(_SecondsSince(GRID) / Value(width.total_seconds())), BigIntegerField())
    rows = Event.objects.filter(filter.condition(at)).values(bucket=number).annotate(count=Count("pk")).order_by()
    counts = {row["bucket"]: row["count"] for row in rows}
    first = (since - GRID) // width
    made: list[EventCount] = []
    start = GRID + width * first
    while start < until:
        place = len(made)
        end = start + width
        made.append(EventCount(str(place), start.isoformat(), counts.get(first + place, 0), start, end - _SMALLEST))
        start = end
    beyond = sum(count for bucket, count in counts.items() if bucket >= first + len(made))
    if made and beyond:  # what happened in the very last moment
        made[-1] = made[-1]._replace(number=made[-1].number + beyond)
    return made


class _SecondsSince(Func):
    """Seconds from a moment to the time at which the event occurred."""

    output_field = FloatField()

    def __init__(self, moment: datetime) -> None:
        super().__init__(F("occurred"), Value(moment))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Whole seconds and the fraction apart: as Julian days a minute is not quite sixty seconds."""
        whole = "CAST(strftime('%%s', {0}) AS INTEGER)"
        fraction = "(CAST(strftime('%%f', {0}) AS REAL) - CAST(strftime('%%S', {0}) AS REAL))"
        (time, time_parameters), (moment, moment_parameters) = (
            compiler.compile(source) for source in self.get_source_expressions()
        )
        sql = f"({whole.format(time)} - {whole.format(moment)} + {fraction.format(time)} - {fraction.format(moment)})"
        return sql, [*time_parameters, *moment_parameters, *time_parameters * 2, *moment_parameters * 2]

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="EXTRACT(EPOCH FROM (%(expressions)s))::float", arg_joiner=" - "
        )
