"""Whether a run of a deployment would begin, and why not: for every deployment of a list, by one query for all of them.

The causes are those that `services/why` tells; only limits are left to it, which take a look at what is running.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deployments.models import Deployment, Worker
from deployments.services.why.explanation import Cause
from deployments.services.why.facts import deployment_fact
from deployments.services.why.places import (
    no_consuming_worker,
    no_runner,
    no_worker,
    no_worker_for_the_queue,
    paused_pool,
    paused_queue,
)
from deployments.services.why.situation import PoolFact, QueueFact, RunFact, Situation, WorkerFact
from orchestrator.contract.states import StateType

MOST_WORKERS = 1_000  # that are looked at, those heard last
_QUESTIONS = (no_runner, paused_pool, paused_queue, no_worker, no_worker_for_the_queue, no_consuming_worker)


@dataclass(frozen=True, slots=True)
class Health:
    """`cause` None: a run would begin. `brief` is the same in a few words."""

    cause: Cause | None
    brief: str

    @property
    def is_ready(self) -> bool:
        return self.cause is None


READY = Health(None, "Ready")
_BRIEFLY = {
    "nobody_serves_deployment": "Nobody serves it",
    "pool_paused": "Pool is paused",
    "queue_paused": "Queue is paused",
    "no_worker_online": "No worker online",
    "queue_not_polled": "Nobody asks for its queue",
    "no_worker_for_queue": "No worker for its queue",
    "worker_does_not_consume": "Worker without broker",
    "waits_for_runner": "Waits for its program",
}


def health_of(deployments: Iterable[Deployment], at: datetime) -> dict[UUID, Health]:
    """Wants each with its flow, its queue and the queue's pool. One query, of workers."""
    rows = list(deployments)
    workers = read_workers({row.work_queue.work_pool_id for row in rows if row.work_queue is not None}, at)
    return {row.pk: _health(row, workers, at) for row in rows}


def read_workers(pool_ids: Iterable[UUID], at: datetime) -> Mapping[UUID, tuple[WorkerFact, ...]]:
    """The workers of some pools: those online, and the one that told of itself last."""
    found: dict[UUID, list[WorkerFact]] = defaultdict(list)
    rows = Worker.objects.filter(work_pool__in=set(pool_ids)).order_by("-last_heartbeat_time")
    for worker in rows.defer("metadata")[:MOST_WORKERS]:
        known = found[worker.work_pool_id]
        if not known or worker.is_online(at):
            known.append(_fact(worker, at))
    return {pool_id: tuple(facts) for pool_id, facts in found.items()}


def situation_of(deployment: Deployment, workers: Mapping[UUID, tuple[WorkerFact, ...]], at: datetime) -> Situation:
    """Of a run that were due now."""
    queue = deployment.work_queue
    pool = queue.work_pool if queue is not None else None
    run = RunFact(deployment.pk, "", StateType.SCHEDULED, due=at, deployment_id=deployment.pk)
    return Situation(
        at,
        run,
        deployment=deployment_fact(deployment),
        pool=PoolFact(pool.pk, pool.name, pool.type, pool.is_paused) if pool is not None else None,
        queue=_queue(queue.pk, queue.name, queue.is_paused, queue.last_polled, queue.pk == pool.default_queue_id)
        if queue is not None and pool is not None
        else None,
        workers=workers.get(pool.pk, ()) if pool is not None else (),
    )


def _health(deployment: Deployment, workers: Mapping[UUID, tuple[WorkerFact, ...]], at: datetime) -> Health:
    situation = situation_of(deployment, workers, at)
    is_ready = deployment.status == Deployment.Status.READY
    causes = [cause for question in _QUESTIONS for cause in question(situation) if cause.certain or not is_ready]
    if not causes:
        return READY
    return Health(causes[0], _BRIEFLY.get(causes[0].code, "Not ready"))


def _queue(pk: UUID, name: str, is_paused: bool, last_polled: datetime | None, is_default: bool) -> QueueFact:
    return QueueFact(pk, name, is_paused=is_paused, is_default=is_default, last_polled=last_polled)


def _fact(worker: Worker, at: datetime) -> WorkerFact:
    consuming = None if worker.broker_state is None else worker.broker_state != Worker.BrokerState.LOST
    return WorkerFact(
        worker.name,
        online=worker.is_online(at),
        last_heartbeat=worker.last_heartbeat_time,
        id=worker.pk,
        queues=frozenset(worker.work_queue_names) if worker.work_queue_names else None,
        places=worker.concurrency,
        consuming=consuming,
        last_probe=worker.last_probe_at,
    )
