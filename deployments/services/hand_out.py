"""Which waiting runs a worker may begin. Nothing is claimed: a run is handed out again until its state changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from deployments.errors import UnknownWorkQueue, WorkQueueNotInPool
from deployments.models import Deployment, WorkPool, WorkQueue
from deployments.services.resources import event_of_deployment
from deployments.services.work_pools import get_work_pool
from deployments.services.work_queues import mark_polled
from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from orchestrator.events.emit import emit_all
from orchestrator.rest.lookups import HasTag
from runs.models import FlowRun
from runs.models.flow_runs import FlowRunQuerySet

MOST = 1000  # runs that one call looks at when nothing else limits them
OCCUPYING = (StateType.PENDING.value, StateType.RUNNING.value)
# A queue that is asked by itself also counts the runs that are being cancelled.
OCCUPYING_QUEUE = (*OCCUPYING, StateType.CANCELLING.value)


def hand_out_to_worker(
    *,
    pool_name: str,
    queue_names: Sequence[str] = (),
    scheduled_before: datetime | None = None,
    scheduled_after: datetime | None = None,
    limit: int = MOST,
) -> list[FlowRun]:
    """The runs that wait in a pool, by queue priority, then time; no queue names mean every queue.

    Queues and the pool give out no more than their limits leave free, and nothing while paused. The queues, and the
    deployments that use them, are ready from now on. Raises WorkPoolNotFound and WorkQueueNotInPool.
    """
    with transaction.atomic():
        pool = get_work_pool(pool_name)
        queues = _queues(pool, queue_names)
        mark_polled(queues)
        _mark_deployments_polled(Q(work_queue__in=queues))
        if pool.is_paused:
            return []
        rows = _waiting(scheduled_before, scheduled_after).filter(work_queue__in=[q for q in queues if not q.is_paused])
        rows = rows.open_to_workers().select_related("work_queue__work_pool")
        waiting = rows.order_by("work_queue__priority", "next_scheduled_start_time", "id")
        return _within_limits(waiting, pool, queues, min(limit, MOST))


def hand_out_to_runner(
    *, deployment_ids: Sequence[UUID], scheduled_before: datetime | None = None, limit: int = MOST
) -> QuerySet[FlowRun]:
    """The runs of some deployments that wait, soonest first. The deployments are ready from now on."""
    with transaction.atomic():
        _mark_deployments_polled(Q(pk__in=deployment_ids))
    rows = _waiting(scheduled_before, None).filter(deployment__in=deployment_ids)
    return rows.order_by("next_scheduled_start_time", "id")[:limit] if limit else rows.none()


def hand_out_from_queue(
    *, queue_id: UUID, scheduled_before: datetime | None = None, limit: int = MOST, polled: bool = True
) -> QuerySet[FlowRun]:
    """The runs that wait in one queue, soonest first, as many as its limit leaves free.

    `polled`: whoever asks executes runs, so the queue and its deployments are ready from now on.
    Raises UnknownWorkQueue.
    """
    with transaction.atomic():
        queue = WorkQueue.objects.select_related("work_pool").filter(pk=queue_id).first()
        if queue is None:
            raise UnknownWorkQueue(queue_id)
        if polled:
            mark_polled([queue])
            _mark_deployments_polled(Q(work_queue=queue))
    in_queue = Q(work_queue=queue) if queue.filter is None else _fits(queue.filter)
    room = limit
    if queue.concurrency_limit is not None:
        counted = OCCUPYING_QUEUE if queue.filter is None else OCCUPYING
        under_way = FlowRun.objects.filter(in_queue, state_type__in=counted).count()
        room = min(room, queue.concurrency_limit - under_way)
    rows = _waiting(scheduled_before, None).filter(in_queue).order_by("next_scheduled_start_time", "id")
    return rows.none() if queue.is_paused or room <= 0 else rows[:room]


def occupied_in(pool: WorkPool) -> dict[UUID | None, int]:
    """How many runs of each queue are under way."""
    under_way = FlowRun.objects.filter(work_queue__work_pool=pool, state_type__in=OCCUPYING)
    return dict(under_way.values_list("work_queue").annotate(Count("pk")).order_by())


def active_slots(pools: Sequence[WorkPool]) -> dict[UUID, int]:
    """How many runs are under way in each of the pools that have a limit; pools without one are left out."""
    limited = {pool.pk: 0 for pool in pools if pool.concurrency_limit is not None}
    if limited:
        under_way = FlowRun.objects.filter(work_queue__work_pool__in=limited, state_type__in=OCCUPYING)
        counts = under_way.values_list("work_queue__work_pool").annotate(Count("pk")).order_by()
        limited.update({pool_id: count for pool_id, count in counts if pool_id is not None})
    return limited


def active_slots_of_queues(queues: Sequence[WorkQueue]) -> dict[UUID, int]:
    """How many runs are under way in each of the queues that have a limit; queues without one are left out."""
    limited = {queue.pk: 0 for queue in queues if queue.concurrency_limit is not None}
    if limited:
        under_way = FlowRun.objects.filter(work_queue__in=limited, state_type__in=OCCUPYING_QUEUE)
        counts = under_way.values_list("work_queue").annotate(Count("pk")).order_by()
        limited.update({queue_id: count for queue_id, count in counts if queue_id is not None})
    return limited


def _queues(pool: WorkPool, names: Sequence[str]) -> list[WorkQueue]:
    queues = WorkQueue.objects.select_related("work_pool").filter(work_pool=pool).order_by("priority")
    if not names:
        return list(queues)
    found = list(queues.filter(name__in=names))
    missing = set(names) - {queue.name for queue in found}
    if missing:
        raise WorkQueueNotInPool(pool.name, min(missing))
    return found


def _waiting(before: datetime | None, after: datetime | None) -> FlowRunQuerySet:
    rows: FlowRunQuerySet = FlowRun.objects.scheduled()
    if before is not None:
        rows = rows.filter(next_scheduled_start_time__lte=before)
    if after is not None:
        rows = rows.filter(next_scheduled_start_time__gte=after)
    return rows


def _within_limits(waiting: QuerySet[FlowRun], pool: WorkPool, queues: Sequence[WorkQueue], most: int) -> list[FlowRun]:
    if pool.concurrency_limit is None and all(queue.concurrency_limit is None for queue in queues):
        return list(waiting[:most])
    occupied = occupied_in(pool)
    if pool.concurrency_limit is not None:
        most = min(most, pool.concurrency_limit - sum(occupied.values()))
    given: list[FlowRun] = []
    # One after the other, so that a full queue with many waiting runs does not hide those behind it.
    for queue in queues:
        room = most - len(given)
        if queue.concurrency_limit is not None:
            room = min(room, queue.concurrency_limit - occupied.get(queue.pk, 0))
        if room > 0:
            given.extend(waiting.filter(work_queue=queue)[:room])
    return given


def _fits(wanted: dict[str, Any]) -> Q:
    """The runs of deployments, of certain ones or with certain tags, that a queue with a filter is for."""
    condition = Q(deployment__isnull=False)
    if wanted.get("deployment_ids"):
        condition &= Q(deployment__in=wanted["deployment_ids"])
    for tag in wanted.get("tags") or ():
        condition &= Q(HasTag("tags", tag))
    return condition


def _mark_deployments_polled(condition: Q) -> None:
    asleep = Deployment.objects.select_related("flow", "work_queue__work_pool")
    woken = list(asleep.filter(condition, status=Deployment.Status.NOT_READY).order_by("pk"))
    # `updated` stays: being asked for work changes nothing about a deployment.
    Deployment.objects.filter(condition).update(last_polled=now(), status=Deployment.Status.READY)
    emit_all([event_of_deployment(deployment, "ready") for deployment in woken])
