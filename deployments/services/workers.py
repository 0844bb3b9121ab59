"""Workers say that they live; who falls silent is offline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction

from deployments.errors import WorkerNotFound
from deployments.models import Worker
from deployments.models.workers import MISSED_HEARTBEATS
from deployments.services.work_pools import get_work_pool, refresh_status
from orchestrator.contract.times import now

DEFAULT_HEARTBEAT_SECONDS = 30
BATCH = 500  # silent workers that one call of `mark_workers_offline` looks after


def record_heartbeat(
    *,
    pool_name: str,
    worker_name: str,
    heartbeat_interval_seconds: int | None = None,
    metadata: dict[str, Any] | None = None,
) -> Worker:
    """The worker is online; the pool is ready unless it is paused. Raises WorkPoolNotFound."""
    interval = heartbeat_interval_seconds or DEFAULT_HEARTBEAT_SECONDS
    at = now()
    with transaction.atomic():
        pool = get_work_pool(pool_name)
        news: dict[str, Any] = {
            "last_heartbeat_time": at,
            "heartbeat_interval_seconds": interval,
            "silent_after": at + timedelta(seconds=interval * MISSED_HEARTBEATS),
            "status": Worker.Status.ONLINE,
        }
        if metadata is not None:
            news["metadata"] = metadata
        worker, _ = Worker.objects.update_or_create(work_pool=pool, name=worker_name, defaults=news)
        refresh_status(pool)
    return worker


def delete_worker(*, pool_name: str, worker_name: str) -> None:
    """Raises WorkPoolNotFound and WorkerNotFound."""
    pool = get_work_pool(pool_name)
    deleted, _ = Worker.objects.filter(work_pool=pool, name=worker_name).delete()
    if not deleted:
        raise WorkerNotFound
    with transaction.atomic():
        refresh_status(pool)


def mark_workers_offline() -> int:
    """Workers without heartbeats are offline; a pool without workers is not ready. Returns how many were marked."""
    with transaction.atomic():
        silent = list(Worker.objects.silent(now()).select_related("work_pool").order_by("pk")[:BATCH])
        if not silent:
            return 0
        marked = Worker.objects.silent(now()).filter(pk__in=[worker.pk for worker in silent])
        count = marked.update(status=Worker.Status.OFFLINE)
        for pool in {worker.work_pool_id: worker.work_pool for worker in silent}.values():
            refresh_status(pool)
    return count
