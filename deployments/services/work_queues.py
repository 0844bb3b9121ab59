"""Queues of a pool. Each has a priority of its own: taking one that is in use pushes that queue back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from deployments.errors import AlreadyExists, UpdateRefused, WorkQueueNotFound
from deployments.models import WorkPool, WorkQueue
from deployments.services.work_pools import get_work_pool
from orchestrator.contract.events import resource
from orchestrator.events.emit import emit


def create_work_queue(*, pool_name: str, name: str, priority: int | None = None, **columns: Any) -> WorkQueue:
    """`priority` None: served after all others. Raises WorkPoolNotFound and AlreadyExists."""
    with transaction.atomic():
        pool = get_work_pool(pool_name)
        if WorkQueue.objects.filter(work_pool=pool, name=name).exists():
            raise AlreadyExists(f"Work queue {name!r} already exists in work pool {pool_name!r}.")
        if priority is None:
            priority = (WorkQueue.objects.filter(work_pool=pool).aggregate(last=Max("priority"))["last"] or 0) + 1
        else:
            _make_room(pool, priority)
        queue = WorkQueue(work_pool=pool, name=name, priority=priority, **columns)
        queue.status = _status_of(queue)
        queue.save(force_insert=True)
        _emit(queue, "created")
    return queue


def update_work_queue(*, queue_id: UUID, changes: dict[str, Any]) -> WorkQueue:
    """Set the given columns. Raises WorkQueueNotFound and AlreadyExists."""
    with transaction.atomic():
        queue = _locked(queue_id)
        status_before = queue.status
        name = changes.get("name", queue.name)
        if WorkQueue.objects.filter(work_pool=queue.work_pool_id, name=name).exclude(pk=queue.pk).exists():
            raise AlreadyExists(f"Work queue {name!r} already exists in this work pool.")
        if changes.get("priority", queue.priority) != queue.priority:
            _make_room(queue.work_pool, changes["priority"], moving=queue)
        for column, value in changes.items():
            setattr(queue, column, value)
        if "is_paused" in changes:
            queue.status = _status_of(queue)
        queue.save()
        _emit(queue, "updated", {"updated_fields": sorted(changes)})
        if queue.status != status_before:
            _emit(queue, queue.status.lower().replace("_", "-"))
    return queue


def delete_work_queue(*, queue_id: UUID) -> None:
    """Raises WorkQueueNotFound, and UpdateRefused for the default queue of a pool."""
    with transaction.atomic():
        queue = _locked(queue_id)
        if queue.work_pool.default_queue_id == queue.pk:
            raise UpdateRefused("The default queue of a work pool cannot be deleted.")
        _emit(queue, "deleted")
        queue.delete()


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


def _status_of(queue: WorkQueue) -> str:
    if queue.is_paused:
        return WorkQueue.Status.PAUSED
    return WorkQueue.Status.NOT_READY if queue.status == WorkQueue.Status.PAUSED else queue.status


def _locked(queue_id: UUID) -> WorkQueue:
    rows = WorkQueue.objects.select_related("work_pool").select_for_update(of=("self",))
    queue = rows.filter(pk=queue_id).first()
    if queue is None:
        raise WorkQueueNotFound(str(queue_id))
    return queue


def _emit(queue: WorkQueue, what: str, payload: dict[str, Any] | None = None) -> None:
    emit(
        event=f"prefect.work-queue.{what}",
        resource=resource("work-queue", queue.pk, name=queue.name, role="work-queue"),
        related=[resource("work-pool", queue.work_pool_id, name=queue.work_pool.name, role="work-pool")],
        payload=payload,
    )
