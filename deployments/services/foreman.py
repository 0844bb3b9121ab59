"""What looks ready and is not looked after any more, is not ready: workers, pools, queues, deployments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from deployments.models import Deployment, Worker, WorkPool, WorkQueue
from deployments.models.work_pools import AGENT
from deployments.models.work_queues import POLLED_WITHIN
from deployments.services.queue_health import keep_served_ready
from deployments.services.readiness import change_status
from deployments.services.resources import emit_of_queue, status_word
from deployments.services.work_pools import refresh_status
from deployments.services.workers import mark_workers_offline
from orchestrator.contract.times import now
from orchestrator.web.pulse import api_up_since

BATCH = 500  # of each kind that one call looks after


def look_around() -> int:
    """Mark as not ready what nobody looks after, a batch of each kind. Returns how many were marked.

    While the API was away nobody could report, so silence counts from its return on.
    """
    since = now() - POLLED_WITHIN
    up_since = api_up_since()
    if up_since is None:
        return 0
    marked = mark_workers_offline(up_since=up_since) + _mark_deserted_pools()
    keep_served_ready()
    if up_since < since:
        marked += _mark_unpolled_queues(since) + _mark_unpolled_deployments(since)
    return marked


def _mark_deserted_pools() -> int:
    """Pools that are called ready and have no worker, for instance because it was deleted."""
    online = Worker.objects.online().filter(work_pool=OuterRef("pk"))
    deserted = WorkPool.objects.exclude(type=AGENT).filter(~Exists(online), status=WorkPool.Status.READY)
    marked = 0
    for name in list(deserted.order_by("pk").values_list("name", flat=True)[:BATCH]):
        with transaction.atomic():
            pool = WorkPool.objects.select_for_update(of=("self",)).filter(name=name).first()
            if pool is not None:
                refresh_status(pool)
                marked += pool.status != WorkPool.Status.READY
    return marked


# The tables below hold what somebody configured, not what happened: they are read without an index of their own, which
# every poll would have to write.


def _mark_unpolled_queues(since: datetime) -> int:
    unpolled = WorkQueue.objects.filter(status=WorkQueue.Status.READY, last_polled__lt=since)
    first = list(unpolled.order_by("last_polled").values_list("pk", flat=True)[:BATCH])
    return sum(_mark_queue(unpolled, pk) for pk in first)


def _mark_unpolled_deployments(since: datetime) -> int:
    unpolled = Deployment.objects.filter(
        Q(work_queue=None) | Q(work_queue__last_polled=None) | Q(work_queue__last_polled__lt=since),
        status=Deployment.Status.READY,
        last_polled__lt=since,
    )
    return change_status(unpolled.order_by("last_polled"), Deployment.Status.NOT_READY)


def _mark_queue(unpolled: QuerySet[WorkQueue], pk: UUID) -> int:
    # One row at a time: whoever polls locks many of these rows, in an order of its own.
    with transaction.atomic():
        if not unpolled.filter(pk=pk).update(status=WorkQueue.Status.NOT_READY):
            return 0  # it was polled just now
        queue = WorkQueue.objects.select_related("work_pool").get(pk=pk)
        emit_of_queue(queue, status_word(queue.status))
    return 1
