"""Runs that have not ended: what runs, what waits, and what begins within the hour. Two queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, Exists, F, Min, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from deployments.services.loads import NOTHING, Load
from orchestrator.contract.states import StateType
from orchestrator.statements.reading import PreparedQuery, PreparedRows
from runs.models import FlowRun, FlowRunTag
from runs.models.run import RunQuerySet

SOON = timedelta(hours=1)
ROWS_OF_EACH = 8

RUNNING, LATE, PAUSED, COMING, DUE, PENDING = "running", "late", "paused", "coming", "due", "pending"
_HELD = [StateType.RUNNING.value, StateType.PENDING.value, StateType.PAUSED.value]


@dataclass(frozen=True, slots=True)
class UnderWay:
    """`numbers` and `oldest` count runs that are nobody's subflow, as the list of runs does; by the words above."""

    numbers: Counter[str]
    oldest: dict[str, datetime]
    rows: dict[str, list[FlowRun]]  # the oldest of each, and of those to come the next
    loads: dict[UUID, Load]  # by work queue


def read_under_way(now: datetime, tag: str = "") -> UnderWay:
    numbers: Counter[str] = Counter()
    oldest: dict[str, datetime] = {}
    loads: dict[UUID, Load] = {}
    moments = {"now": now, "soon": now + SOON}
    # Of a tag nothing is prepared: there may be any number of them.
    for row in _counted(**moments, tag=tag) if tag else _prepared_counts.all(**moments):
        kind, count, first, queue_id = row["kind"], row["count"], row["first"], row["work_queue_id"]
        if row["is_ours"]:
            numbers[kind] += count
            oldest[kind] = min(first, oldest.get(kind, first))
        if queue_id is not None:
            loads[queue_id] = loads.get(queue_id, NOTHING) + _load(kind, count, first, row["is_waiting"])
    first_of_each = _first_of_each(**moments, tag=tag) if tag else _prepared_first_of_each.all(**moments)
    return UnderWay(numbers, oldest, _by_kind(first_of_each), loads)


def _unfinished(now: datetime, soon: datetime) -> RunQuerySet:
    is_scheduled = Q(state_type=StateType.SCHEDULED)
    kind = Case(
        When(state_name="Late", then=Value(LATE)),
        When(state_type=StateType.RUNNING, then=Value(RUNNING)),
        When(state_type=StateType.PAUSED, then=Value(PAUSED)),
        When(state_type=StateType.PENDING, then=Value(PENDING)),
        When(is_scheduled & Q(sort_time__gte=now), then=Value(COMING)),
        default=Value(DUE),
        output_field=CharField(),
    )
    rows = FlowRun.objects.newest_first()
    # State by state, each by the index of states: asked for all at once, SQLite reads whatever ran.
    first, *others = (rows.filter(state_type=state).order_by().values("pk") for state in _HELD)
    soon = rows.filter(is_scheduled, sort_time__lt=soon).order_by().values("pk")
    return rows.filter(pk__in=first.union(*others, soon, all=True)).annotate(kind=kind)


def _counted(now: datetime, soon: datetime, tag: str = "") -> QuerySet[Any, Any]:
    """`is_ours`: whether the list of runs has them, `is_waiting`: whether they wait for a worker."""
    is_ours = Q(parent_task_run=None)
    if tag:
        is_ours &= _tagged(tag)
    waits = Q(state_type=StateType.SCHEDULED, next_scheduled_start_time__lte=now) & ~Q(state_name="AwaitingRetry")
    return (
        _unfinished(now, soon)
        .order_by()
        .annotate(
            is_ours=Case(When(is_ours, then=Value(True)), default=Value(False)),
            is_waiting=Case(When(waits, then=Value(True)), default=Value(False)),
        )
        .values("work_queue_id", "kind", "is_ours", "is_waiting")
        .annotate(count=Count("pk"), first=Min("sort_time"))
    )


_prepared_counts = PreparedRows(_counted, moments=["now", "soon"])


def _load(kind: str, count: int, first: datetime, is_waiting: bool) -> Load:
    if is_waiting:
        return Load(waiting=count, late=count if kind == LATE else 0, oldest_due=first)
    return Load(running=count) if kind in (RUNNING, PENDING) else NOTHING


def _first_of_each(now: datetime, soon: datetime, tag: str = "") -> QuerySet[FlowRun]:
    rows = _unfinished(now, soon).filter(parent_task_run=None, kind__in=(RUNNING, LATE, PAUSED, COMING))
    if tag:
        rows = rows.filter(_tagged(tag))
    place = Window(RowNumber(), partition_by=F("kind"), order_by=[F("sort_time").asc(), F("id").asc()])
    numbered = rows.order_by().annotate(place=place).filter(place__lte=ROWS_OF_EACH)
    columns = (
        "name", "state", "state_type", "state_name", "state_timestamp", "total_run_time", "start_time",
        "expected_start_time", "flow__name", "deployment__name", "work_queue_id",
    )  # fmt: skip
    return numbered.select_related("flow", "deployment").only(*columns).order_by("sort_time", "id")


_prepared_first_of_each = PreparedQuery(_first_of_each, moments=["now", "soon"])


def _by_kind(runs: Iterable[Any]) -> dict[str, list[FlowRun]]:
    found: dict[str, list[FlowRun]] = {RUNNING: [], LATE: [], PAUSED: [], COMING: []}
    for run in runs:
        found[run.kind].append(run)
    return found


def _tagged(tag: str) -> Q:
    return Q(Exists(FlowRunTag.objects.filter(flow_run=OuterRef("pk"), tag=tag)))
