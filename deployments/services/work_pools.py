"""Work pools: made, changed, deleted, and whether they are ready."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from deployments.errors import AlreadyExists, ReservedName, WorkPoolNotFound
from deployments.models import Worker, WorkPool, WorkQueue
from deployments.models.work_pools import AGENT
from deployments.services.job_variables import check_defaults
from deployments.services.resources import (
    around_pool,
    emit_of_queue,
    payload_of_update,
    pool_resource,
    status_word,
)
from orchestrator.contract.events import resource
from orchestrator.contract.states import TERMINAL
from orchestrator.contract.times import now
from orchestrator.events.emit import emit
from orchestrator.store.services.own_workers import template_of_pool
from runs.models import FlowRun

DEFAULT_QUEUE = "default"
DESCRIPTION_OF_DEFAULT_QUEUE = "The work pool's default queue."
RESERVED_PREFIX = "prefect"
ALLOWED_ON_RESERVED = frozenset({"is_paused", "concurrency_limit"})
FOLLOWS_WITHIN = timedelta(minutes=10)  # an older event no longer helps to order them
_RESERVED = "Work pools starting with 'Prefect' are reserved for internal use"


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
    """A pool with its default queue. One for our own workers that is given no template gets theirs.

    Raises ReservedName, AlreadyExists, and for a template whose own defaults do not fit it what `check_defaults` does.
    """
    if _is_reserved(name):
        raise ReservedName(f"{_RESERVED}.")
    base_job_template = template_of_pool(type, base_job_template or {})
    check_defaults(base_job_template)
    if WorkPool.objects.filter(name=name).exists():
        raise AlreadyExists("A work pool with this name already exists.")
    try:
        with transaction.atomic():
            pool = WorkPool(
                name=name,
                type=type,
                description=description,
                base_job_template=base_job_template,
                is_paused=is_paused,
                concurrency_limit=concurrency_limit,
                storage_configuration=storage_configuration or {},
            )
            pool.status = status_of(pool)
            pool.save(force_insert=True)
            queue = WorkQueue.objects.create(
                work_pool=pool, name=DEFAULT_QUEUE, description=DESCRIPTION_OF_DEFAULT_QUEUE, priority=1
            )
            emit_of_queue(queue, "created")
            pool.default_queue = queue
            pool.save(update_fields=["default_queue"])
            emit(event="prefect.work-pool.created", resource=pool_resource(pool), related=around_pool(pool))
            emit_status(pool)
    except IntegrityError:
        if WorkPool.objects.filter(name=name).exists():
            raise AlreadyExists("A work pool with this name already exists.") from None
        raise
    return pool


def update_work_pool(*, name: str, changes: dict[str, Any]) -> WorkPool:
    """Set the given columns. Raises WorkPoolNotFound and ReservedName."""
    if _is_reserved(name) and set(changes) - ALLOWED_ON_RESERVED:
        raise ReservedName(f"{_RESERVED} and can only be updated to set concurrency limits or pause.")
    with transaction.atomic():
        pool = _locked(name)
        before = {column: getattr(pool, column) for column in changes}
        for column, value in changes.items():
            setattr(pool, column, value)
        pool.save(update_fields=[*changes, "updated"])
        # Whether it is paused is told by the event about its status.
        payload = payload_of_update(before, {key: value for key, value in changes.items() if key != "is_paused"})
        if payload is not None:
            emit(event="prefect.work-pool.updated", resource=pool_resource(pool), payload=payload)
        if "is_paused" in changes:
            refresh_status(pool)
    return pool


def delete_work_pool(*, name: str) -> None:
    """With its queues and workers. Raises WorkPoolNotFound and ReservedName.

    Locks in the order in which everybody else does: workers before their pool (heartbeats), runs before their queues
    (claims), queues before deployments (hand-out).
    """
    if _is_reserved(name):
        raise ReservedName(f"{_RESERVED} and can not be deleted.")
    with transaction.atomic():
        list(Worker.objects.select_for_update(of=("self",)).filter(work_pool__name=name).order_by("pk").values("pk"))
        pool = _locked(name)
        lock_unfinished_runs(WorkQueue.objects.filter(work_pool=pool))
        queues = WorkQueue.objects.select_for_update(of=("self",)).filter(work_pool=pool).select_related("work_pool")
        for queue in queues.order_by("priority"):
            emit_of_queue(queue, "deleted")
        emit(event="prefect.work-pool.deleted", resource=pool_resource(pool), related=around_pool(pool))
        WorkPool.objects.filter(pk=pool.pk).update(default_queue=None)
        pool.delete()


def get_work_pool(name: str) -> WorkPool:
    """Raises WorkPoolNotFound."""
    pool = WorkPool.objects.filter(name=name).first()
    if pool is None:
        raise WorkPoolNotFound(name)
    return pool


def status_of(pool: WorkPool) -> str | None:
    """What the pool's status is now, from its switch and its workers; None for agents' pools, which have none."""
    if pool.type == AGENT:
        return None
    if pool.is_paused:
        return WorkPool.Status.PAUSED
    online = Worker.objects.filter(work_pool=pool).online().filter(silent_after__gte=now()).exists()
    return WorkPool.Status.READY if online else WorkPool.Status.NOT_READY


def refresh_status(pool: WorkPool) -> None:
    """Store the pool's status, and say so when it is another one than before."""
    status = status_of(pool)
    if status != pool.status:
        pool.status = status
        pool.save(update_fields=["status", "updated"])
        emit_status(pool)


def lock_unfinished_runs(queues: QuerySet[WorkQueue]) -> None:
    """Before the queues are deleted. Whoever writes a run looks at its queue afterwards: PostgreSQL checks that it
    is still there, and waits for whoever deletes it."""
    runs = FlowRun.objects.filter(work_queue__in=queues).exclude(state_type__in=[each.value for each in TERMINAL])
    list(runs.select_for_update(of=("self",)).order_by("pk").values("pk"))


def emit_status(pool: WorkPool) -> None:
    """Say which status the pool has got, after the last event that said so."""
    if pool.status is None:
        return
    at = now()
    recent = pool.status_changed_at is not None and at - pool.status_changed_at < FOLLOWS_WITHIN
    follows: UUID | None = pool.status_event_id if recent else None
    event = emit(
        event=f"prefect.work-pool.{status_word(pool.status)}",
        resource=resource("work-pool", pool.pk, name=pool.name, **{"prefect.work-pool.type": pool.type}),
        occurred=at,
        follows=follows,
    )
    pool.status_event_id, pool.status_changed_at = event.id, at
    WorkPool.objects.filter(pk=pool.pk).update(status_event_id=event.id, status_changed_at=at)


def _locked(name: str) -> WorkPool:
    pool = WorkPool.objects.select_for_update(of=("self",)).filter(name=name).first()
    if pool is None:
        raise WorkPoolNotFound(name)
    return pool


def _is_reserved(name: str) -> bool:
    return name.lower().startswith(RESERVED_PREFIX)
