"""Whether somebody looks after a queue: it is polled, or pushed to, and none of its runs is late."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from deployments.errors import UnknownWorkQueue
from deployments.models import Deployment, Worker, WorkPool, WorkQueue
from deployments.models.work_pools import CELERY
from deployments.services.readiness import change_status
from deployments.services.work_queues import mark_polled
from orchestrator.contract.times import now
from runs.models import FlowRun

MOST_LATE_RUNS = 0


@dataclass(frozen=True, slots=True)
class Health:
    queue: WorkQueue
    late_runs: int
    healthy: bool


def health_of_queue(*, queue_id: UUID) -> Health:
    """Raises UnknownWorkQueue."""
    queue = WorkQueue.objects.filter(pk=queue_id).first()
    if queue is None:
        raise UnknownWorkQueue(queue_id)
    late = FlowRun.objects.filter(work_queue=queue, state_name="Late").count()
    return Health(queue, late, queue.was_polled_lately(now()) and late <= MOST_LATE_RUNS)


def keep_served_ready(pool: WorkPool | None = None) -> None:
    """Our own workers do not poll: they are pushed to. Their queues count as polled as long as one of them is online.

    So do the deployments of these queues, which become ready if they were not, a batch of them. `pool` None: all pools.
    """
    queues = _served_queues(pool)
    if not queues:
        return
    with transaction.atomic():
        mark_polled(queues)
    asleep = Deployment.objects.filter(work_queue__in=queues, status=Deployment.Status.NOT_READY)
    change_status(asleep.order_by("pk"), Deployment.Status.READY, last_polled=now())


def _served_queues(pool: WorkPool | None) -> list[WorkQueue]:
    """Those whose runs some worker of ours executes now, of the whole pool or of certain queues."""
    workers = Worker.objects.alive(now()).filter(work_pool__type=CELERY)
    if pool is not None:
        workers = workers.filter(work_pool=pool)
    served: dict[UUID, set[str]] = {}
    whole: set[UUID] = set()
    for worker in workers.only("work_pool", "work_queue_names"):
        if worker.serves_whole_pool:
            whole.add(worker.work_pool_id)
        else:
            served.setdefault(worker.work_pool_id, set()).update(worker.work_queue_names)
    queues = WorkQueue.objects.select_related("work_pool").filter(work_pool__in={*whole, *served}).order_by("pk")
    return [queue for queue in queues if queue.work_pool_id in whole or queue.name in served[queue.work_pool_id]]
