"""How busy pools and queues are: what runs, what waits, since when, and what was done in the last hour.

Each question is answered for all queues at once, by an index on the state, the due time or the end of runs: what a
queue has behind it costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, FilteredRelation, Min, Q, QuerySet, UUIDField, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from deployments.models import Worker, WorkPool, WorkQueue
from deployments.models.work_pools import AGENT
from deployments.models.workers import longest_silence
from deployments.services.hand_out import OCCUPYING
from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from orchestrator.rest.lookups import Likely
from runs.models import FlowRun
from runs.models.flow_runs import FlowRunQuerySet

THROUGHPUT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Load:
    """Of one queue, or of several together. `waiting` counts runs that are due, late ones included."""

    running: int = 0
    waiting: int = 0
    late: int = 0
    oldest_due: datetime | None = None
    done: int = 0  # runs that ended within THROUGHPUT

    def __add__(self, other: Load) -> Load:
        due = [moment for moment in (self.oldest_due, other.oldest_due) if moment is not None]
        return Load(
            running=self.running + other.running,
            waiting=self.waiting + other.waiting,
            late=self.late + other.late,
            oldest_due=min(due, default=None),
            done=self.done + other.done,
        )


NOTHING = Load()


def loads_of_queues(at: datetime, queue_ids: Iterable[UUID] | None = None) -> dict[UUID, Load]:
    """By queue; those with nothing to do are left out. `queue_ids` None: all queues. Three queries."""
    wanted = None if queue_ids is None else frozenset(queue_ids)
    running = FlowRun.objects.filter(state_type__in=OCCUPYING)
    waiting = planned(at).open_to_workers()
    ended = FlowRun.objects.filter(end_time__gte=at - THROUGHPUT)
    found: dict[UUID, Load] = {}
    for queue_id, count in _by_queue(running, count=Count("pk")):
        found[queue_id] = Load(running=count)
    late, oldest = Count("pk", filter=Q(state_name="Late")), Min("next_scheduled_start_time")
    for queue_id, count, late_runs, due in _by_queue(waiting, count=Count("pk"), late=late, oldest=oldest):
        found[queue_id] = found.get(queue_id, NOTHING) + Load(waiting=count, late=late_runs, oldest_due=due)
    for queue_id, count in _by_queue(ended, count=Count("pk")):
        found[queue_id] = found.get(queue_id, NOTHING) + Load(done=count)
    found.pop(None, None)  # type: ignore[call-overload]  # of runs without a queue
    return found if wanted is None else {key: load for key, load in found.items() if key in wanted}


def planned(until: datetime) -> FlowRunQuerySet:
    """Scheduled runs that are due by then. Found by their time: schedules may plan any number of later ones."""
    is_scheduled = Likely(Exact(F("state_type"), Value(StateType.SCHEDULED.value)))
    runs: FlowRunQuerySet = FlowRun.objects.filter(is_scheduled, next_scheduled_start_time__lte=until)
    return runs


def load_of_pool(queues: Iterable[WorkQueue], loads: Mapping[UUID, Load]) -> Load:
    """Of the pool with these queues."""
    return sum((loads.get(queue.pk, NOTHING) for queue in queues), NOTHING)


def online_workers(pools: Iterable[WorkPool], at: datetime) -> dict[UUID, list[Worker]]:
    """By pool, those that were heard lately. One query."""
    alive = Worker.objects.alive(at).filter(work_pool__in=list(pools)).order_by("name").defer("metadata")
    found: dict[UUID, list[Worker]] = {}
    for worker in alive:
        if worker.offline_since(at) is None:
            found.setdefault(worker.work_pool_id, []).append(worker)
    return found


def pools_in_trouble(at: datetime | None = None) -> list[WorkPool]:
    """Those whose runs are due and that have no worker to begin them, by name. Paused ones wait on purpose.

    One query.
    """
    at = at or now()
    waiting = planned(at).open_to_workers().order_by().values("work_queue__work_pool")
    pools = WorkPool.objects.filter(pk__in=waiting, is_paused=False).exclude(type=AGENT)
    online = Q(workers__status=Worker.Status.ONLINE, workers__silent_after__gte=at)
    pools = pools.alias(worker=FilteredRelation("workers", condition=online)).annotate(
        heard=F("worker__last_heartbeat_time"), interval=F("worker__heartbeat_interval_seconds")
    )
    found: dict[UUID, WorkPool] = {}
    served: set[UUID] = set()
    for pool in pools.only("id", "name").order_by("name"):  # as often as it has workers
        found[pool.pk] = pool
        if pool.heard is not None and at - pool.heard < longest_silence(pool.interval):
            served.add(pool.pk)
    return [pool for key, pool in found.items() if key not in served]


def _by_queue(runs: QuerySet[FlowRun], **numbers: Any) -> Iterable[tuple[Any, ...]]:
    # By an expression, which keeps the database from the index of queues: there is all that they ever ran.
    queue = Coalesce("work_queue_id", "work_queue_id", output_field=UUIDField())
    return runs.order_by().annotate(queue=queue).values_list("queue").annotate(**numbers)
