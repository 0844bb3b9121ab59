"""Queues of a pool. Each has a priority of its own: taking one that is in use pushes that queue back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from deployments.errors import AlreadyExists, UpdateRefused, WorkQueueNotFound, WorkQueueNotInPool
from deployments.models import WorkPool, WorkQueue
from deployments.models.work_pools import AGENT
from deployments.services.resources import emit_of_queue, payload_of_update, status_word
from deployments.services.work_pools import (
    DEFAULT_QUEUE,
    create_work_pool,
    get_work_pool,
    lock_unfinished_runs,
)
from orchestrator.contract.times import now

AGENT_POOL = "default-agent-pool"  # of queues that are named without a pool
# What is told of a change; the rest is told by the event about the status.
_TOLD = frozenset({"name", "description", "concurrency_limit", "priority"})


def create_work_queue(*, pool_name: str, name: str, priority: int | None = None, **columns: Any) -> WorkQueue:
    """`priority` None: the first that is free. Raises WorkPoolNotFound and AlreadyExists."""
    with transaction.atomic():
        pool = _locked_pool(get_work_pool(pool_name))
        if WorkQueue.objects.filter(work_pool=pool, name=name).exists():
            raise AlreadyExists(f"A work queue with this name already exists in work pool {pool_name!r}.")
        return _create(pool, name, priority, **columns)


def create_agent_queue(*, name: str, priority: int | None = None, **columns: Any) -> WorkQueue:
    """A queue of the pool for agents, which is made with it when it is missing. Raises AlreadyExists."""
    with transaction.atomic():
        pool = WorkPool.objects.filter(name=AGENT_POOL).first()
        if pool is None:
            pool = create_work_pool(name=AGENT_POOL, type=AGENT)
            if name == DEFAULT_QUEUE:
                queue = get_work_queue(pool, name)
                return update_work_queue(queue_id=queue.pk, changes=columns) if columns else queue
        if WorkQueue.objects.filter(work_pool=pool, name=name).exists():
            raise AlreadyExists("A work queue with this name already exists.")
        return _create(_locked_pool(pool), name, priority, **columns)


def ensure_work_queue(*, pool: WorkPool, name: str) -> WorkQueue:
    """The pool's queue of this name, made when it is missing."""
    queue = WorkQueue.objects.select_related("work_pool").filter(work_pool=pool, name=name).first()
    if queue is not None:
        return queue
    with transaction.atomic():
        _locked_pool(pool)
        queue = WorkQueue.objects.select_related("work_pool").filter(work_pool=pool, name=name).first()
        return queue or _create(pool, name, None)


def ensure_agent_queue(*, name: str) -> WorkQueue:
    """The queue of this name in the pool for agents; one that is made is served first."""
    queue = WorkQueue.objects.select_related("work_pool").filter(work_pool__name=AGENT_POOL, name=name).first()
    return queue or create_agent_queue(name=name, priority=1)


def get_work_queue(pool: WorkPool, name: str) -> WorkQueue:
    """Raises WorkQueueNotInPool."""
    queue = WorkQueue.objects.select_related("work_pool").filter(work_pool=pool, name=name).first()
    if queue is None:
        raise WorkQueueNotInPool(pool.name, name)
    return queue


def update_work_queue(*, queue_id: UUID, changes: dict[str, Any]) -> WorkQueue:
    """Set the given columns. Raises WorkQueueNotFound and AlreadyExists."""
    with transaction.atomic():
        if "priority" in changes:
            _lock_pool_of(queue_id)
        queue = _locked(queue_id)
        before = {column: getattr(queue, column) for column in changes}
        status_before = queue.status
        name = changes.get("name", queue.name)
        if WorkQueue.objects.filter(work_pool=queue.work_pool_id, name=name).exclude(pk=queue.pk).exists():
            raise AlreadyExists("A work queue with this name already exists.")
        if changes.get("priority", queue.priority) != queue.priority:
            _make_room(queue.work_pool, changes["priority"], moving=queue)
        for column, value in changes.items():
            setattr(queue, column, value)
        if "is_paused" in changes:
            queue.status = _switched(queue)
        queue.save()
        payload = payload_of_update(before, {key: value for key, value in changes.items() if key in _TOLD})
        if payload is not None:
            emit_of_queue(queue, "updated", payload)
        if queue.status != status_before:
            emit_of_queue(queue, status_word(queue.status))
    return queue


def delete_work_queue(*, queue_id: UUID) -> None:
    """Raises WorkQueueNotFound, and UpdateRefused for the default queue of a pool."""
    with transaction.atomic():
        lock_unfinished_runs(WorkQueue.objects.filter(pk=queue_id))
        queue = _locked(queue_id)
        if queue.work_pool.default_queue_id == queue.pk:
            raise UpdateRefused("Can't delete a pool's default queue.")
        emit_of_queue(queue, "deleted")
        queue.delete()


def mark_polled(queues: Collection[WorkQueue]) -> None:
    """Somebody asked for the work of these queues: those that were not ready are, unless they are paused."""
    # `updated` stays: being asked for work changes nothing about a queue.
    WorkQueue.objects.filter(pk__in=[queue.pk for queue in queues]).update(last_polled=now())
    asleep = [queue for queue in queues if queue.status == WorkQueue.Status.NOT_READY]
    if not asleep:
        return
    woken = Q(pk__in=[queue.pk for queue in asleep], status=WorkQueue.Status.NOT_READY)
    WorkQueue.objects.filter(woken).update(status=WorkQueue.Status.READY)
    for queue in asleep:
        emit_of_queue(queue, status_word(WorkQueue.Status.READY))


def _create(pool: WorkPool, name: str, priority: int | None, **columns: Any) -> WorkQueue:
    if priority is None:
        priority = _first_free(pool)
    else:
        _make_room(pool, priority)
    queue = WorkQueue(work_pool=pool, name=name, priority=priority, **columns)
    queue.status = WorkQueue.Status.PAUSED if queue.is_paused else WorkQueue.Status.NOT_READY
    queue.save(force_insert=True)
    emit_of_queue(queue, "created")
    return queue


def _first_free(pool: WorkPool) -> int:
    taken = WorkQueue.objects.filter(work_pool=pool).order_by("priority").values_list("priority", flat=True)
    free = 1
    for priority in taken:
        if priority != free:
            break
        free += 1
    return free


def _make_room(pool: WorkPool, priority: int, moving: WorkQueue | None = None) -> None:
    """Push back the queue that has this priority, and those directly behind it, only as far as needed."""
    others = WorkQueue.objects.filter(work_pool=pool, priority__gte=priority).order_by("priority")
    if moving is not None:
        # Out of the way, while its number may be the next one that is needed.
        last = WorkQueue.objects.filter(work_pool=pool).aggregate(last=Max("priority"))["last"]
        WorkQueue.objects.filter(pk=moving.pk).update(priority=last + 1_000_000)
        others = others.exclude(pk=moving.pk)
    pushed: list[WorkQueue] = []
    for expected, queue in enumerate(others, start=priority):
        if queue.priority != expected:
            break
        pushed.append(queue)
    for queue in reversed(pushed):
        WorkQueue.objects.filter(pk=queue.pk).update(priority=queue.priority + 1)


def _switched(queue: WorkQueue) -> str:
    """The status after the queue was paused, or resumed: ready when somebody asked for its work lately."""
    if queue.is_paused:
        return WorkQueue.Status.PAUSED
    if queue.status != WorkQueue.Status.PAUSED:
        return queue.status
    return WorkQueue.Status.READY if queue.was_polled_lately(now()) else WorkQueue.Status.NOT_READY


def _locked_pool(pool: WorkPool) -> WorkPool:
    """Whoever gives out priorities of the pool waits for the others who do."""
    WorkPool.objects.select_for_update(of=("self",)).filter(pk=pool.pk).first()
    return pool


def _lock_pool_of(queue_id: UUID) -> None:
    """Before the queue: whoever gives out priorities changes other queues too."""
    list(WorkPool.objects.select_for_update(of=("self",)).filter(queues=queue_id).values("pk"))


def _locked(queue_id: UUID) -> WorkQueue:
    rows = WorkQueue.objects.select_related("work_pool").select_for_update(of=("self",))
    queue = rows.filter(pk=queue_id).first()
    if queue is None:
        raise WorkQueueNotFound
    return queue
