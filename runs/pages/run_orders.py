"""What the lists of runs can be sorted by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, F, FloatField, QuerySet, Value, When
from django.db.models.expressions import Func
from django.db.models.functions import Coalesce, Greatest

from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.pages.keyset import Order

STARTED = Order("started", "sort_time", "Started")
DURATION = Order("duration", "seconds_running", "Duration")
LATENESS = Order("late", "seconds_late", "Late by")
NAME = Order("name", "name", "Run")
TRIES = Order("tries", "run_count", "Tries")
_BY_SOMETHING_ELSE = {order.name for order in (DURATION, LATENESS, NAME, TRIES)}


def is_by_time(sort: str) -> bool:
    """Whether the address asks for the order of time, for which there is an index; as any other that does not exist."""
    return sort.removeprefix("-") not in _BY_SOMETHING_ELSE


class SecondsBetween(Func):
    """From the second moment to the first, as a float."""

    output_field = FloatField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        later, later_params = compiler.compile(self.source_expressions[0])
        earlier, earlier_params = compiler.compile(self.source_expressions[1])
        sql = f"((julianday({later}) - julianday({earlier})) * 86400.0)"
        return sql, [*later_params, *earlier_params]

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        later, later_params = compiler.compile(self.source_expressions[0])
        earlier, earlier_params = compiler.compile(self.source_expressions[1])
        sql = f"EXTRACT(EPOCH FROM ({later}) - ({earlier}))::double precision"
        return sql, [*later_params, *earlier_params]


def with_order(rows: QuerySet[Any], sort: str, now: datetime) -> QuerySet[Any]:
    """The rows with the column that they are to be sorted by, which is never NULL."""
    name = sort.removeprefix("-")
    if name == DURATION.name:
        running = F("total_run_time") + SecondsBetween(Value(now), "state_timestamp")
        return rows.annotate(
            seconds_running=Case(
                When(start_time__isnull=True, then=Value(-1.0)),
                When(state_type=StateType.RUNNING, then=running),
                default=F("total_run_time"),
                output_field=FloatField(),
            )
        )
    if name == LATENESS.name:
        ended_unbegun = When(
            start_time__isnull=True, state_type__in=[type_.value for type_ in TERMINAL], then=Value(0.0)
        )
        late = SecondsBetween(Coalesce("start_time", Value(now)), "expected_start_time")
        return rows.annotate(
            seconds_late=Case(
                ended_unbegun,
                When(expected_start_time__isnull=True, then=Value(0.0)),
                default=Greatest(late, Value(0.0)),
                output_field=FloatField(),
            )
        )
    return rows
