"""A worker that stays connected: how its pool is found or made, and what it is told of the pool."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from deployments.errors import AlreadyExists, WorkPoolNotFound
from deployments.models import WorkPool, WorkQueue
from deployments.services.work_pools import create_work_pool, get_work_pool, update_work_pool
from deployments.services.work_queues import get_work_queue
from deployments.services.workers import record_heartbeat

MOST_QUEUES = 1_000  # that a worker without wishes is told of


def join_work_pool(
    *,
    pool_name: str,
    worker_name: str,
    worker_type: str,
    heartbeat_interval_seconds: int,
    queue_names: list[str],
    may_create: bool,
    default_template: dict[str, Any],
    metadata: dict[str, Any] | None = None,
) -> tuple[UUID, list[WorkQueue]]:
    """The pool's id and the queues that the worker serves, all of them when it names none. The worker is online.

    A pool that does not exist is made when `may_create`; one without a template gets `default_template`.
    Raises WorkPoolNotFound, ReservedName and WorkQueueNotFound.
    """
    with transaction.atomic():
        pool = _found_or_made(pool_name, worker_type, default_template, may_create)
        if queue_names:
            queues = [get_work_queue(pool, name) for name in dict.fromkeys(queue_names)]
        else:
            queues = list(WorkQueue.objects.filter(work_pool=pool).order_by("priority")[:MOST_QUEUES])
        if default_template and not pool.base_job_template:
            update_work_pool(name=pool_name, changes={"base_job_template": default_template})
        record_heartbeat(
            pool_name=pool_name,
            worker_name=worker_name,
            heartbeat_interval_seconds=heartbeat_interval_seconds,
            metadata=metadata,
        )
    return pool.pk, queues


def _found_or_made(name: str, type: str, template: dict[str, Any], may_create: bool) -> WorkPool:
    try:
        return get_work_pool(name)
    except WorkPoolNotFound:
        if not may_create:
            raise
    try:
        return create_work_pool(name=name, type=type, base_job_template=template)
    except AlreadyExists:  # another worker was first
        return get_work_pool(name)
