"""Workers say that they live; who falls silent is offline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from deployments.errors import WorkerNotFound
from deployments.models import Worker, WorkPool
from deployments.models.workers import MISSED_HEARTBEATS
from deployments.services.dispatch import dispatch_pool
from deployments.services.queue_health import keep_served_ready
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
    work_queue_names: Sequence[str] | None = None,
    concurrency: int | None = None,
    broker_state: str | None = None,
    last_probe_age_seconds: float | None = None,
    leaving: bool = False,
) -> Worker:
    """The worker is online; the pool is ready unless it is paused. Raises WorkPoolNotFound.

    `work_queue_names`: the only queues that it serves; empty means every queue, None what it said before.
    `last_probe_age_seconds`: how long ago a message that the worker sent to itself came back over the broker.
    `leaving`: it finishes what it executes, takes no more, and is offline from now on.
    """
    interval = heartbeat_interval_seconds or DEFAULT_HEARTBEAT_SECONDS
    at = now()
    news: dict[str, Any] = {
        "last_heartbeat_time": at,
        "heartbeat_interval_seconds": interval,
        "silent_after": at + timedelta(seconds=interval * MISSED_HEARTBEATS),
        "status": Worker.Status.ONLINE,
    }
    if metadata is not None:
        news["metadata"] = metadata
    if work_queue_names is not None:
        news["work_queue_names"] = list(dict.fromkeys(work_queue_names))
    if concurrency is not None:
        news["concurrency"] = concurrency
    if last_probe_age_seconds is not None:
        news["last_probe_at"] = at - timedelta(seconds=last_probe_age_seconds)
    if leaving:
        news |= {"status": Worker.Status.OFFLINE, "silent_after": at}
    try:
        with transaction.atomic():
            return _record(pool_name, worker_name, news, broker_state=broker_state, at=at)
    except IntegrityError:
        get_work_pool(pool_name)  # it was deleted just now
        raise


def _record(
    pool_name: str, worker_name: str, news: dict[str, Any], *, broker_state: str | None, at: datetime
) -> Worker:
    pool = get_work_pool(pool_name)
    before = Worker.objects.filter(work_pool=pool, name=worker_name).first()
    if broker_state is not None and (before is None or before.broker_state != broker_state):
        news = {**news, "broker_state": broker_state, "broker_state_since": at}
    worker, _ = Worker.objects.update_or_create(work_pool=pool, name=worker_name, defaults=news)
    if pool.is_celery and worker.is_online(at) and _takes_up_work(before, worker, at):
        transaction.on_commit(lambda: dispatch_pool(pool_id=pool.pk), robust=True)
    was_ready = pool.status == WorkPool.Status.READY
    refresh_status(pool)
    if pool.is_celery and pool.status == WorkPool.Status.READY and not was_ready:
        keep_served_ready(pool)
    return worker


def _takes_up_work(before: Worker | None, worker: Worker, at: datetime) -> bool:
    """Whether runs may wait that nobody was called for so far: the worker is new, was away, or serves other queues."""
    if before is None or not before.is_online(at):
        return True
    return set(before.work_queue_names) != set(worker.work_queue_names)


def delete_worker(*, pool_name: str, worker_name: str) -> None:
    """Raises WorkPoolNotFound and WorkerNotFound."""
    pool = get_work_pool(pool_name)
    deleted, _ = Worker.objects.filter(work_pool=pool, name=worker_name).delete()
    if not deleted:
        raise WorkerNotFound
    with transaction.atomic():
        refresh_status(pool)


def mark_workers_offline(*, up_since: datetime) -> int:
    """Workers without heartbeats are offline; a pool without workers is not ready. Returns how many were marked.

    `up_since` is when the API came back: before, no worker could be heard, so its silence counts from then on.
    """
    at = now()
    silent = list(Worker.objects.silent(at).select_related("work_pool").order_by("pk")[:BATCH])
    silent = [worker for worker in silent if up_since + (worker.silent_after - worker.last_heartbeat_time) <= at]
    if not silent:
        return 0
    with transaction.atomic():
        marked = Worker.objects.silent(now()).filter(pk__in=[worker.pk for worker in silent])
        count = marked.update(status=Worker.Status.OFFLINE)
        for pool in {worker.work_pool_id: worker.work_pool for worker in silent}.values():
            refresh_status(pool)
    return count
