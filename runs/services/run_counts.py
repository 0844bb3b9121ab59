"""How many runs there are, as dashboards ask: by state, by flow run, by time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, QuerySet, Value, When
from django.db.models.functions import Cast, Coalesce, Floor

from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.rest.lookups import EpochSeconds, at
from runs.models import FlowRun, TaskRun

_FAILED = [StateType.CRASHED.value, StateType.FAILED.value]
_TERMINAL = [type_.value for type_ in TERMINAL]


def count_by_state(rows: QuerySet) -> dict[str, int]:
    """Every state type with the number of runs in it."""
    # Rows, not keys, are counted: an index of the state is then all that is read.
    found = rows.filter(state_type__isnull=False).order_by().values_list("state_type").annotate(number=Count("*"))
    return {type_.value: 0 for type_ in StateType} | dict(found)


def count_task_runs(flow_run_ids: Collection[UUID]) -> dict[UUID, int]:
    """For each flow run its task runs, without those that stand for a subflow."""
    subflows = FlowRun.objects.filter(parent_task_run=OuterRef("pk"))
    rows = TaskRun.objects.filter(~Exists(subflows), flow_run__in=set(flow_run_ids))
    found = dict(rows.order_by().values_list("flow_run_id").annotate(Count("pk")))
    return {flow_run_id: found.get(flow_run_id, 0) for flow_run_id in flow_run_ids}


def count_ended(rows: QuerySet, *, start: datetime, end: datetime, parts: int) -> list[tuple[int, int]]:
    """(succeeded, failed) runs of each of the `parts` of equal length between `start` and `end`, by when they began.

    Whatever ended without a failure succeeded, also when it was cancelled.
    """
    seconds = (end - start).total_seconds() / parts
    counts = [[0, 0] for _ in range(parts)]
    if seconds > 0:
        began = EpochSeconds(Coalesce("start_time", "expected_start_time")) - EpochSeconds(at(start))
        failed = Case(When(state_type__in=_FAILED, then=Value(1)), default=Value(0), output_field=IntegerField())
        found = (
            rows.filter(state_type__in=_TERMINAL)
            .annotate(part=Cast(Floor(began / Value(seconds)), IntegerField()), failed=failed)
            .order_by()
            .values_list("part", "failed")
            .annotate(number=Count("*"))
        )
        for part, has_failed, count in found:
            if part is not None and 0 <= part < parts:
                counts[part][has_failed] += count
    return [(succeeded, failures) for succeeded, failures in counts]
