"""Whether somebody looks after a queue: it is polled, and none of its runs is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from deployments.errors import UnknownWorkQueue
from deployments.models import WorkQueue
from orchestrator.contract.times import now
from runs.models import FlowRun

MOST_LATE_RUNS = 0
MOST_SECONDS_UNPOLLED = 60


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
    polled = queue.last_polled is not None and now() - queue.last_polled <= timedelta(seconds=MOST_SECONDS_UNPOLLED)
    return Health(queue, late, polled and late <= MOST_LATE_RUNS)
