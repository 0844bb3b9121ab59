"""Bring due runs to our own workers. The database is the queue; what is sent is only a call to look into it.

A run is called out on the broker's queue of its pool, where workers of the whole pool listen, and on that of its work
queue, where those listen that execute nothing else. Nothing is sent where nobody listens: it would pile up.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from celery import current_app
from django.db.models import Count, F, QuerySet

from deployments.models.work_pools import CELERY
from deployments.models.work_queues import WorkQueue
from deployments.models.workers import Worker
from deployments.services.places import Places, places_in
from orchestrator.broker.queues import (
    empty_queue,
    message_priority,
    queue_of_pool,
    queue_of_work_queue,
    waiting_messages,
)
from orchestrator.contract.times import now
from runs.models import FlowRun

WAKE_UP_TASK = "orchestrator.execute"
WAKE_UP_LIFETIME_SECONDS = 120  # later ones were sent meanwhile; generous, because clocks of hosts differ
JUST_NOW = timedelta(seconds=2)  # longer than the pause between two calls of `dispatch_due_runs`
ABOUT_TO_BE_DUE = timedelta(seconds=0.9)  # shorter than that pause, so that one call ends before the next begins
BATCH = 200  # runs that one call wakes workers for, in each queue
GONE_WITHIN = timedelta(minutes=10)  # the queues of workers that left earlier were emptied then
MOST_GONE = 500

# Job variables that the message itself has to carry, because Celery keeps to them.
TIME_LIMITS = ("soft_time_limit_seconds", "time_limit_seconds")
_OF_TEMPLATE = "work_queue__work_pool__base_job_template__variables__properties"

Sleep = Callable[[float], None]
Run = dict[str, Any]


def dispatch_run(*, flow_run_id: UUID) -> bool:
    """Wake a worker for this run if it is due on a Celery pool that has a place for it. Returns whether one was woken.

    A run that finds no place is woken for when one becomes free.
    """
    run = _facts(_waiting().filter(pk=flow_run_id)).first()
    if run is None or (_is_limited(run) and not _has_place(run)):
        return False
    return _wake_workers_for(run, readers_of([run["pool_id"]]))


def dispatch_pool(*, pool_id: UUID) -> int:
    """Wake workers for the most urgent runs that wait in a pool, as many as it has places for. Returns for how many.

    Where as many messages wait as runs, nothing is added: the workers are busy, and will come to them.
    """
    served = readers_of([pool_id]).get(pool_id)
    return 0 if served is None else _top_up(pool_id, served, until=now())


def has_due_runs() -> bool:
    """Whether `dispatch_due_runs` may find something. Asks for no more than the index of due runs knows."""
    at = now()
    just_now = {"next_scheduled_start_time__gt": at - JUST_NOW, "next_scheduled_start_time__lte": at + ABOUT_TO_BE_DUE}
    return FlowRun.objects.scheduled().filter(**just_now).exists()


def dispatch_due_runs(*, sleep: Sleep = time.sleep) -> int:
    """Wake workers for the runs that become due: just now, or within ABOUT_TO_BE_DUE, each at its time.

    A run that was due when it was scheduled is not among them: its workers were woken then. Returns for how many.
    """
    at = now()
    ahead = _waiting(until=at + ABOUT_TO_BE_DUE).filter(
        state_timestamp__lt=F("next_scheduled_start_time"), next_scheduled_start_time__gt=at - JUST_NOW
    )
    runs = list(_facts(ahead.order_by("next_scheduled_start_time", "work_queue__priority"))[:BATCH])
    readers = readers_of({run["pool_id"] for run in runs}) if runs else {}
    limited: dict[UUID, None] = {}  # the pools whose limits have to be looked at before the next pause
    woken = 0
    for run in runs:
        pause = (run["due"] - now()).total_seconds()
        if pause > 0:
            woken += _dispatch_pools(limited)
            sleep(pause)
        if _is_limited(run):
            limited[run["pool_id"]] = None
        else:
            woken += _wake_workers_for(run, readers)
    return woken + _dispatch_pools(limited)


def dispatch_waiting_runs() -> int:
    """Wake workers again for runs that have been due for a while. Returns for how many.

    A wake-up may have been lost, or have come to a worker that died. A run that is taken refuses a second claim.
    """
    until = now() - JUST_NOW
    pools = list(_waiting(until).order_by().values_list("work_queue__work_pool", flat=True).distinct())
    readers = readers_of(pools) if pools else {}
    return sum(_top_up(pool_id, served, until=until) for pool_id, served in readers.items())


def empty_deserted_queues() -> int:
    """Remove the messages for workers that left, where nobody else listens. Returns how many there were.

    Nothing is lost: whoever comes next is sent what waits in the database.
    """
    at = now()
    gone = Worker.objects.gone_since(at - GONE_WITHIN, at).filter(work_pool__type=CELERY).select_related("work_pool")
    workers = list(gone.order_by("-silent_after")[:MOST_GONE])
    if not workers:
        return 0
    readers = readers_of({worker.work_pool_id for worker in workers})
    deserted = {
        queue
        for worker in workers
        for queue in _listened_to(worker)
        if queue not in readers.get(worker.work_pool_id, _NOBODY).listened_to(worker.work_pool.name)
    }
    if not deserted:
        return 0
    with current_app.connection_or_acquire() as connection:
        return sum(empty_queue(connection, queue) for queue in sorted(deserted))


@dataclass(frozen=True, slots=True)
class Readers:
    """Who listens for the runs of a pool: workers of the whole pool, and those of certain queues."""

    whole_pool: bool = False
    work_queues: frozenset[str] = frozenset()

    def of(self, pool: str, work_queue: str) -> list[str]:
        """The broker's queues on which workers listen that may execute runs of this work queue."""
        found = [queue_of_pool(pool)] if self.whole_pool else []
        return [*found, queue_of_work_queue(pool, work_queue)] if work_queue in self.work_queues else found

    def listened_to(self, pool: str) -> set[str]:
        found = {queue_of_work_queue(pool, name) for name in self.work_queues}
        return {queue_of_pool(pool), *found} if self.whole_pool else found


_NOBODY = Readers()


def readers_of(pool_ids: Iterable[UUID]) -> dict[UUID, Readers]:
    """Of each pool that somebody serves."""
    alive = Worker.objects.alive(now()).filter(work_pool__in=list(pool_ids))
    found: dict[UUID, Readers] = {}
    for pool_id, names in alive.order_by().values_list("work_pool", "work_queue_names"):
        before = found.get(pool_id, _NOBODY)
        found[pool_id] = Readers(before.whole_pool or not names, before.work_queues | frozenset(names))
    return found


def _listened_to(worker: Worker) -> list[str]:
    pool = worker.work_pool.name
    if worker.serves_whole_pool:
        return [queue_of_pool(pool)]
    return [queue_of_work_queue(pool, name) for name in worker.work_queue_names]


def _waiting(until: datetime | None = None) -> QuerySet[FlowRun]:
    return FlowRun.objects.due(until or now()).filter(
        work_queue__work_pool__type=CELERY, work_queue__is_paused=False, work_queue__work_pool__is_paused=False
    )


def _facts(runs: QuerySet[FlowRun]) -> QuerySet[FlowRun, Run]:
    facts: QuerySet[FlowRun, Any] = runs.values(
        "pk",
        "job_variables",
        queue_id=F("work_queue"),
        due=F("next_scheduled_start_time"),
        pool_id=F("work_queue__work_pool"),
        pool=F("work_queue__work_pool__name"),
        pool_limit=F("work_queue__work_pool__concurrency_limit"),
        queue=F("work_queue__name"),
        queue_limit=F("work_queue__concurrency_limit"),
        priority=F("work_queue__priority"),
        deployment_variables=F("deployment__job_variables"),
        **{f"pool_{name}": F(f"{_OF_TEMPLATE}__{name}__default") for name in TIME_LIMITS},
    )
    return facts


def _is_limited(run: Run) -> bool:
    return run["pool_limit"] is not None or run["queue_limit"] is not None


def _has_place(run: Run) -> bool:
    queue = WorkQueue.objects.select_related("work_pool").get(pk=run["queue_id"])
    return places_in(queue.work_pool).left_for(queue, most=1) > 0


def _dispatch_pools(pools: dict[UUID, None]) -> int:
    """Looks after these pools and forgets them."""
    woken = sum(dispatch_pool(pool_id=pool_id) for pool_id in pools)
    pools.clear()
    return woken


def _top_up(pool_id: UUID, served: Readers, *, until: datetime) -> int:
    """Send for the most urgent waiting runs what the broker's queues lack."""
    waiting = _waiting(until).filter(work_queue__work_pool=pool_id)
    expected = _that_may_begin(waiting)
    if not expected:
        return 0
    pool = next(iter(expected)).work_pool.name
    served_by = {queue.pk: served.of(pool, queue.name) for queue in expected}
    lacking: Counter[str] = Counter()
    for queue, count in expected.items():
        lacking.update(dict.fromkeys(served_by[queue.pk], count))
    with current_app.connection_or_acquire() as connection:
        for name in lacking:
            lacking[name] -= waiting_messages(connection, name)
    woken = 0
    for queue, count in expected.items():
        most = min(count, BATCH, max((lacking[name] for name in served_by[queue.pk]), default=0))
        soonest = waiting.filter(work_queue=queue).order_by("next_scheduled_start_time", "pk")
        for run in _facts(soonest)[:most] if most > 0 else ():
            names = [name for name in served_by[queue.pk] if lacking[name] > 0]
            for name in names:
                _send_wake_up(run, name)
                lacking[name] -= 1
            woken += bool(names)
    return woken


def _that_may_begin(waiting: QuerySet[FlowRun]) -> dict[WorkQueue, int]:
    """How many of the waiting runs of each queue of a pool have a place; the most urgent queue comes first."""
    counts = dict(waiting.order_by().values_list("work_queue").annotate(Count("pk")))
    if not counts:
        return {}
    queues = list(WorkQueue.objects.select_related("work_pool").filter(pk__in=counts).order_by("priority"))
    pool = queues[0].work_pool
    limited = pool.concurrency_limit is not None or any(queue.concurrency_limit is not None for queue in queues)
    places = places_in(pool) if limited else Places.unlimited()
    found: dict[WorkQueue, int] = {}
    for queue in queues:
        room = places.left_for(queue, most=counts[queue.pk])
        if room > 0:
            found[queue] = room
            places.take(room)
    return found


def _wake_workers_for(run: Run, readers: Mapping[UUID, Readers]) -> bool:
    queues = readers.get(run["pool_id"], _NOBODY).of(run["pool"], run["queue"])
    for queue in queues:
        _send_wake_up(run, queue)
    return bool(queues)


def _send_wake_up(run: Run, queue: str) -> None:
    pool_variables = {name: run[f"pool_{name}"] for name in TIME_LIMITS}
    variables = {**pool_variables, **(run["deployment_variables"] or {}), **(run["job_variables"] or {})}
    current_app.send_task(
        WAKE_UP_TASK,
        kwargs={"flow_run_id": str(run["pk"]), "pool": run["pool"]},
        queue=queue,
        priority=message_priority(run["priority"]),
        expires=WAKE_UP_LIFETIME_SECONDS,
        soft_time_limit=_time_limit(variables.get("soft_time_limit_seconds")),
        time_limit=_time_limit(variables.get("time_limit_seconds")),
        ignore_result=True,
    )


def _time_limit(seconds: Any) -> float | None:
    """None for what is no time: job variables hold anything, and a worker that is sent such a limit breaks on it."""
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    return seconds if usable else None
