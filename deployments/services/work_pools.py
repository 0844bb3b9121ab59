"""Work pools and their queues."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from deployments.errors import AlreadyExists, ReservedName, WorkPoolNotFound, WorkQueueNotFound
from deployments.models import Worker, WorkPool, WorkQueue
from orchestrator.contract.events import resource
from orchestrator.contract.times import now
from orchestrator.events.emit import emit

DEFAULT_QUEUE = "default"
RESERVED_PREFIX = "prefect"
ALLOWED_ON_RESERVED = frozenset({"is_paused", "concurrency_limit"})


def create_work_pool(
    *,
    name: str,
    type: str,
    description: str | None = None,
    base_job_template: dict[str, Any] | None = None,
    is_paused: bool = False,
    concurrency_limit: int | None = None,
    storage_configuration: dict[str, Any] | None = None,
) -> WorkPool:
    """A pool with its default queue. Raises ReservedName and AlreadyExists."""
    _refuse_reserved(name, "create")
    try:
        with transaction.atomic():
            pool = WorkPool(
                name=name,
                type=type,
                description=description,
                base_job_template=base_job_template or {},
                is_paused=is_paused,
                concurrency_limit=concurrency_limit,
                storage_configuration=storage_configuration or {},
                status=WorkPool.Status.PAUSED if is_paused else WorkPool.Status.NOT_READY,
            )
            pool.save(force_insert=True)
            pool.default_queue = WorkQueue.objects.create(work_pool=pool, name=DEFAULT_QUEUE, priority=1)
            pool.save(update_fields=["default_queue"])
            _emit(pool, "created")
    except IntegrityError:
        if WorkPool.objects.filter(name=name).exists():
            raise AlreadyExists(f"A work pool with the name {name!r} already exists.") from None
        raise
    return pool


def update_work_pool(*, name: str, changes: dict[str, Any]) -> WorkPool:
    """Set the given columns. Raises WorkPoolNotFound and ReservedName."""
    if set(changes) - ALLOWED_ON_RESERVED:
        _refuse_reserved(name, "change")
    with transaction.atomic():
        pool = _locked(name)
        before = {column: getattr(pool, column) for column in changes}
        status_before = pool.status
        for column, value in changes.items():
            setattr(pool, column, value)
        if "is_paused" in changes:
            pool.status = status_of(pool)
        pool.save(update_fields=[*changes, "status", "updated"])
        updates = {column: {"from": before[column], "to": value} for column, value in changes.items()}
        _emit(pool, "updated", payload={"updated_fields": list(changes), "updates": updates})
        if pool.status != status_before:
            emit_status(pool)
    return pool


def delete_work_pool(*, name: str) -> None:
    """With its queues and workers. Raises WorkPoolNotFound and ReservedName."""
    _refuse_reserved(name, "delete")
    with transaction.atomic():
        pool = _locked(name)
        _emit(pool, "deleted")
        WorkPool.objects.filter(pk=pool.pk).update(default_queue=None)
        pool.delete()


def ensure_work_queue(*, pool: WorkPool, name: str) -> WorkQueue:
    """The queue of this name; a new one is served after all others."""
    queue = WorkQueue.objects.filter(work_pool=pool, name=name).first()
    if queue is None:
        with transaction.atomic():
            last = WorkQueue.objects.filter(work_pool=pool).aggregate(last=Max("priority"))["last"] or 0
            queue = WorkQueue.objects.create(work_pool=pool, name=name, priority=last + 1)
    return queue


def status_of(pool: WorkPool) -> WorkPool.Status:
    """What the pool's status is now, from its switch and its workers."""
    if pool.is_paused:
        return WorkPool.Status.PAUSED
    online = Worker.objects.filter(work_pool=pool).online().filter(silent_after__gte=now()).exists()
    return WorkPool.Status.READY if online else WorkPool.Status.NOT_READY


def get_work_pool(name: str) -> WorkPool:
    """Raises WorkPoolNotFound."""
    pool = WorkPool.objects.filter(name=name).first()
    if pool is None:
        raise WorkPoolNotFound(name)
    return pool


def get_work_queue(pool: WorkPool, name: str) -> WorkQueue:
    """Raises WorkQueueNotFound."""
    queue = WorkQueue.objects.filter(work_pool=pool, name=name).first()
    if queue is None:
        raise WorkQueueNotFound(name)
    return queue


def emit_status(pool: WorkPool) -> None:
    """Say which status the pool has got."""
    _emit(pool, pool.status.lower().replace("_", "-"))


def _locked(name: str) -> WorkPool:
    pool = WorkPool.objects.select_for_update(of=("self",)).filter(name=name).first()
    if pool is None:
        raise WorkPoolNotFound(name)
    return pool


def _refuse_reserved(name: str, verb: str) -> None:
    if name.lower().startswith(RESERVED_PREFIX):
        raise ReservedName(f"Cannot {verb} {name!r}: names that begin with 'Prefect' are reserved for internal use.")


def _emit(pool: WorkPool, what: str, payload: dict[str, Any] | None = None) -> None:
    emit(
        event=f"prefect.work-pool.{what}",
        resource=resource("work-pool", pool.pk, name=pool.name, **{"prefect.work-pool.type": pool.type}),
        payload=payload,
    )
