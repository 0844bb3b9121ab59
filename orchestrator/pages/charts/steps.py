"""A span of time cut into equal steps, and the step in which a row's moment lies, worked out by the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, QuerySet
from django.db.models.expressions import Func

USUAL_STEPS = 72  # at most so many bars stand side by side
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = (1, 5, 15, 30)
_MINUTES = (1, 5, 15, 30)
_HOURS = (1, 2, 3, 6, 12)
_DAYS = (1, 2, 7, 14, 28, 91, 364)
STEPS = (
    *(timedelta(seconds=number) for number in _SECONDS),
    *(timedelta(minutes=number) for number in _MINUTES),
    *(timedelta(hours=number) for number in _HOURS),
    *(timedelta(days=number) for number in _DAYS),
)


def step_between(since: datetime, until: datetime, *, most: int = USUAL_STEPS) -> timedelta:
    """The shortest step that people would choose which cuts the span into no more than `most` pieces."""
    span = until - since
    for step in STEPS:
        if span <= step * (most - 1):
            return step
    return STEPS[-1] * -(-span // (STEPS[-1] * (most - 1)))


def step_starts(since: datetime, until: datetime, step: timedelta) -> list[datetime]:
    """Where each step begins that the span touches. Steps lie on one grid for ever, whenever they are asked for."""
    start = EPOCH + step * ((since - EPOCH) // step)
    starts = []
    while start < until:
        starts.append(start)
        start += step
    return starts


def step_words(step: timedelta) -> str:
    """`15 min`, `2 h`, `1 d`: how long one bar is."""
    seconds = int(step.total_seconds())
    for length, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {word}"
    return f"{seconds} s"


class StepNumber(Func):
    """How many steps of so many whole seconds lie between 1970 and a moment."""

    output_field = BigIntegerField()

    def __init__(self, moment: Any, step: timedelta) -> None:
        super().__init__(moment)
        self.seconds = int(step.total_seconds())

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # A division of whole numbers; `%%s` is how strftime calls the seconds since 1970.
        return self.as_sql(
            compiler, connection, template=f"(CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / {self.seconds})"
        )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template=f"FLOOR(date_part('epoch', %(expressions)s) / {self.seconds})::bigint",
        )


def count_by_step(rows: QuerySet[Any], moment: str, step: timedelta, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Where a step begins, the values of `columns`, and how many of the rows with them lie in that step. One query."""
    placed = rows.order_by().annotate(place=StepNumber(moment, step)).values_list("place", *columns)
    for place, *values in placed.annotate(number=Count("*")):
        yield start_of_step(place, step), *values


def start_of_step(number: int, step: timedelta) -> datetime:
    return EPOCH + step * number
