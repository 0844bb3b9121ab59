"""Which runs take up the places of a pool or a queue."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from deployments.errors import WorkQueueNotFound
from deployments.models import WorkPool, WorkQueue
from deployments.services.hand_out import OCCUPYING, OCCUPYING_QUEUE, occupied_in
from deployments.services.work_pools import get_work_pool
from runs.models import FlowRun


@dataclass(frozen=True, slots=True)
class HeldInQueue:
    """`held` counts all runs under way, `runs` are some of them."""

    queue: WorkQueue
    held: int
    runs: list[FlowRun]


@dataclass(frozen=True, slots=True)
class HeldInPool:
    pool: WorkPool
    held: int
    queues: list[HeldInQueue]
    queue_count: int


def held_in_pool(*, pool_name: str, offset: int, limit: int, runs_per_queue: int) -> HeldInPool:
    """The pool's queues by priority, each with a few of the runs under way. Raises WorkPoolNotFound."""
    pool = get_work_pool(pool_name)
    rows = WorkQueue.objects.filter(work_pool=pool).order_by("priority")
    queues = list(rows[offset : offset + limit]) if limit else []
    counts = occupied_in(pool)
    runs = _some_of_each(queues, runs_per_queue)
    held = [HeldInQueue(queue, counts.get(queue.pk, 0), runs.get(queue.pk, [])) for queue in queues]
    return HeldInPool(pool, sum(counts.values()), held, rows.count())


def held_in_queue(*, queue_id: UUID) -> tuple[WorkQueue, QuerySet[FlowRun]]:
    """A queue and its runs under way, those included that are being cancelled. Raises WorkQueueNotFound."""
    queue = WorkQueue.objects.filter(pk=queue_id).first()
    if queue is None:
        raise WorkQueueNotFound
    return queue, FlowRun.objects.filter(work_queue=queue, state_type__in=OCCUPYING_QUEUE).order_by("pk")


def _some_of_each(queues: list[WorkQueue], most: int) -> dict[UUID, list[FlowRun]]:
    if not queues or not most:
        return {}
    under_way = FlowRun.objects.filter(work_queue__in=queues, state_type__in=OCCUPYING)
    number = Window(RowNumber(), partition_by=F("work_queue"), order_by=F("pk").asc())
    found: dict[UUID, list[FlowRun]] = {}
    for run in under_way.annotate(number=number).filter(number__lte=most).order_by("work_queue", "pk"):
        found.setdefault(run.work_queue_id, []).append(run)  # type: ignore[arg-type]
    return found
