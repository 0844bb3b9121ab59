"""The runs of a pool, or of one of its queues, that are under way, and those that wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from deployments.services.hand_out import OCCUPYING_QUEUE
from deployments.services.loads import planned
from orchestrator.contract.states import StateType
from runs.models import Claim, FlowRun

MOST = 25  # runs of each kind that one page shows
SOON = timedelta(hours=24)  # runs planned for later than this are shown when they are asked for


@dataclass(frozen=True, slots=True)
class RunRow:
    run: FlowRun
    worker: str | None = None  # who has claimed it; None for workers that claim nothing
    running_since: datetime | None = None  # as if it had never paused; None while it does not run


@dataclass(frozen=True, slots=True)
class Runs:
    """Some rows, and whether there are more."""

    rows: list[RunRow]
    has_more: bool


def under_way(queue_ids: Iterable[UUID]) -> Runs:
    """Those that have begun, longest first. Two queries."""
    runs = _of_queues(FlowRun.objects.filter(state_type__in=OCCUPYING_QUEUE), queue_ids)
    found = list(runs.order_by(F("start_time").asc(nulls_last=True), "pk")[: MOST + 1])
    workers = workers_of(found)
    return Runs([_row(run, workers) for run in found[:MOST]], len(found) > MOST)


def waiting(queue_ids: Iterable[UUID], at: datetime, *, later: bool) -> Runs:
    """Those that are to begin, soonest first; planned for later than SOON only with `later`. One query."""
    until = datetime.max.replace(tzinfo=UTC) if later else at + SOON
    found = list(_of_queues(planned(until), queue_ids).order_by("next_scheduled_start_time", "pk")[: MOST + 1])
    return Runs([RunRow(run) for run in found[:MOST]], len(found) > MOST)


def workers_of(runs: Iterable[FlowRun]) -> dict[UUID, str]:
    """By run, the worker that has claimed it. One query."""
    ids = [run.pk for run in runs]
    return dict(Claim.objects.held().filter(flow_run__in=ids).values_list("flow_run", "worker_name")) if ids else {}


def _row(run: FlowRun, workers: Mapping[UUID, str]) -> RunRow:
    since = None
    if run.state_type == StateType.RUNNING and run.state_timestamp is not None:
        since = run.state_timestamp - timedelta(seconds=run.total_run_time)
    return RunRow(run, workers.get(run.pk), since)


def _of_queues(runs: QuerySet[FlowRun], queue_ids: Iterable[UUID]) -> QuerySet[FlowRun]:
    # Found by their state. The index of queues, which this keeps the database from, has all that they ever ran.
    rows = runs.alias(queue=Coalesce("work_queue", "work_queue")).filter(queue__in=list(queue_ids))
    return rows.select_related("flow", "deployment", "work_queue").defer("parameters", "context", "flow__labels")
