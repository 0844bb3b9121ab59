"""Bring due runs to our own workers. The database is the queue; what is sent is only a call to look into it.

A run is called out on the broker's queue of its pool, where workers of the whole pool listen, and on that of its work
queue, where those listen that execute nothing else. Nothing is sent where nobody listens: it would pile up.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from deployments.services.wake_ups import WakeUp, send_wake_ups
from orchestrator.broker.queues import (
    empty_queue,
    message_priority,
    queue_of_pool,
    queue_of_work_queue,
    waiting_messages,
)
from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from orchestrator.statements.batches import pieces
from orchestrator.statements.reading import PreparedExists, PreparedRows
from runs.models import FlowRun

JUST_NOW = timedelta(seconds=2)  # longer than the pause between two calls of `dispatch_due_runs`
ABOUT_TO_BE_DUE = timedelta(seconds=0.9)  # shorter than that pause, so that one call ends before the next begins
BATCH = 1_000  # runs that one call wakes workers again for, in each queue
PIECE = 250  # runs that become due together, and are looked up and sent for at once
MOST_DUE = 50_000  # runs that become due within a moment; what is beyond is left to the sweeper
GONE_WITHIN = timedelta(minutes=10)  # the queues of workers that left earlier were emptied then
MOST_GONE = 500

TIME_LIMITS = ("soft_time_limit_seconds", "time_limit_seconds")
_OF_TEMPLATE = "work_queue__work_pool__base_job_template__variables__properties"

Sleep = Callable[[float], None]
Run = dict[str, Any]
Call = tuple[UUID, datetime]  # a run, and when it is due


class Called:
    """The runs that this process has sent for as they became due: those that wait for a free process need no second
    message a second later. Of a call that nobody remembers, because another process made it, another one is made.
    """

    def __init__(self) -> None:
        self._calls: set[Call] = set()

    def __contains__(self, call: object) -> bool:
        return call in self._calls

    def add(self, runs: Iterable[Run]) -> None:
        self._calls.update((run["pk"], run["due"]) for run in runs)

    def forget(self, *, before: datetime) -> None:
        """Those that were due before."""
        self._calls = {call for call in self._calls if call[1] >= before}


_called = Called()


def dispatch_run(*, flow_run_id: UUID) -> bool:
    """Wake a worker for this run if it is due on a Celery pool that has a place for it. Returns whether one was woken.

    A run that finds no place is woken for when one becomes free.
    """
    at = now()
    run = _waiting_run.first(run_id=flow_run_id, at=at)
    if run is None or (_is_limited(run) and not _has_place(run)):
        return False
    return bool(_called_out([run], _readers_by_pool(_readers_of_pool.all(pool_id=run["pool_id"], at=at))))


def dispatch_pool(*, pool_id: UUID) -> int:
    """Wake workers for the most urgent runs that wait in a pool, as many as it has places for. Returns for how many.

    Where as many messages wait as runs, nothing is added: the workers are busy, and will come to them.
    """
    served = readers_of([pool_id]).get(pool_id)
    return 0 if served is None else _top_up(pool_id, served, until=now())


def has_due_runs() -> bool:
    """Whether `dispatch_due_runs` may find something. Asks for no more than the index of due runs knows."""
    at = now()
    return _is_any_due_within(since=at - JUST_NOW, until=at + ABOUT_TO_BE_DUE)


def dispatch_due_runs(*, sleep: Sleep = time.sleep) -> int:
    """Wake workers for the runs that become due: just now, or within ABOUT_TO_BE_DUE, each at its time.

    A run that was due when it was scheduled is not among them: its workers were woken then. Nor is one that this
    process sent for in an earlier call. Returns for how many.
    """
    at = now()
    ahead = _waiting(until=at + ABOUT_TO_BE_DUE).filter(
        state_timestamp__lt=F("next_scheduled_start_time"), next_scheduled_start_time__gt=at - JUST_NOW
    )
    soonest = ahead.order_by("next_scheduled_start_time", "work_queue__priority", "pk")
    _called.forget(before=at - 2 * JUST_NOW)
    calls: Any = soonest.values_list("pk", "next_scheduled_start_time")[:MOST_DUE]
    due: list[Call] = [call for call in calls if call not in _called]
    return sum(_dispatch_at_their_times(_still_waiting(some), sleep) for some in pieces(due, PIECE))


def may_be_swept() -> bool:
    """Whether one of the two below may find something: runs that have been due for a while, or workers that left."""
    at = now()
    return _is_any_due_since(until=at - JUST_NOW) or _is_anybody_gone(start=at - GONE_WITHIN, at=at)


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
    return _readers_by_pool(_served(now()).filter(work_pool__in=list(pool_ids)))


def _readers_by_pool(workers: Iterable[dict[str, Any]]) -> dict[UUID, Readers]:
    found: dict[UUID, Readers] = {}
    for worker in workers:
        pool_id, names = worker["work_pool"], worker["work_queue_names"]
        before = found.get(pool_id, _NOBODY)
        found[pool_id] = Readers(before.whole_pool or not names, before.work_queues | frozenset(names))
    return found


def _served(at: datetime) -> QuerySet[Worker, dict[str, Any]]:
    served: QuerySet[Worker, Any] = Worker.objects.alive(at).order_by().values("work_pool", "work_queue_names")
    return served


def _listened_to(worker: Worker) -> list[str]:
    pool = worker.work_pool.name
    if worker.serves_whole_pool:
        return [queue_of_pool(pool)]
    return [queue_of_work_queue(pool, name) for name in worker.work_queue_names]


def _waiting(until: datetime | None = None) -> QuerySet[FlowRun]:
    return _for_workers_of_ours(FlowRun.objects.due(until or now()))


def _still_waiting(calls: Sequence[Call]) -> list[Run]:
    """Those of these that wait now, for the same time as before, in their order.

    They are looked up by their keys, and by nothing that SQLite could take for a shorter way: for each piece it would
    read all the runs that are due.
    """
    rows = _for_workers_of_ours(FlowRun.objects.filter(pk__in=[pk for pk, _ in calls]))
    found = {run["pk"]: run for run in _facts(rows, "state_type") if run["state_type"] == StateType.SCHEDULED}
    return [found[pk] for pk, due in calls if pk in found and found[pk]["due"] == due]


def _for_workers_of_ours(runs: QuerySet[FlowRun]) -> QuerySet[FlowRun]:
    """Those whose pool and queue hand out runs to them."""
    return runs.filter(
        work_queue__work_pool__type=CELERY, work_queue__is_paused=False, work_queue__work_pool__is_paused=False
    )


def _facts(runs: QuerySet[FlowRun], *more: str) -> QuerySet[FlowRun, Run]:
    facts: QuerySet[FlowRun, Any] = runs.values(
        *more,
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


_is_any_due_within = PreparedExists(
    lambda since, until: FlowRun.objects.scheduled().filter(
        next_scheduled_start_time__gt=since, next_scheduled_start_time__lte=until
    ),
    moments=["since", "until"],
)
_is_any_due_since = PreparedExists(
    lambda until: FlowRun.objects.scheduled().filter(next_scheduled_start_time__lte=until), moments=["until"]
)
_is_anybody_gone = PreparedExists(Worker.objects.gone_since, moments=["start", "at"])
# What every run that is created asks for.
_waiting_run = PreparedRows(lambda run_id, at: _facts(_waiting(at).filter(pk=run_id)), "run_id", moments=["at"])
_readers_of_pool = PreparedRows(lambda pool_id, at: _served(at).filter(work_pool=pool_id), "pool_id", moments=["at"])


def _is_limited(run: Run) -> bool:
    return run["pool_limit"] is not None or run["queue_limit"] is not None


def _has_place(run: Run) -> bool:
    queue = WorkQueue.objects.select_related("work_pool").get(pk=run["queue_id"])
    return places_in(queue.work_pool).left_for(queue, most=1) > 0


def _dispatch_at_their_times(runs: Sequence[Run], sleep: Sleep) -> int:
    """`runs` are in the order in which they are due."""
    readers = readers_of({run["pool_id"] for run in runs}) if runs else {}
    limited: dict[UUID, None] = {}  # the pools whose limits have to be looked at before the next pause
    woken = 0
    waiting = deque(runs)
    while waiting:
        pause = (waiting[0]["due"] - now()).total_seconds()
        if pause > 0:
            woken += _dispatch_pools(limited)
            sleep(pause)
        together = _taken_from(waiting, until=max(now(), waiting[0]["due"]))
        limited.update(dict.fromkeys(run["pool_id"] for run in together if _is_limited(run)))
        called = _called_out([run for run in together if not _is_limited(run)], readers)
        _called.add(called)
        woken += len(called)
    return woken + _dispatch_pools(limited)


def _taken_from(waiting: deque[Run], *, until: datetime) -> list[Run]:
    """Those that are due until then; they wait no longer."""
    found = []
    while waiting and waiting[0]["due"] <= until:
        found.append(waiting.popleft())
    return found


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
    woken, wake_ups = 0, list[WakeUp]()
    for queue, count in expected.items():
        most = min(count, BATCH, max((lacking[name] for name in served_by[queue.pk]), default=0))
        soonest = waiting.filter(work_queue=queue).order_by("next_scheduled_start_time", "pk")
        for run in _facts(soonest)[:most] if most > 0 else ():
            names = [name for name in served_by[queue.pk] if lacking[name] > 0]
            wake_ups += [_wake_up(run, name) for name in names]
            lacking.subtract(names)
            woken += bool(names)
    send_wake_ups(wake_ups)
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


def _called_out(runs: Sequence[Run], readers: Mapping[UUID, Readers]) -> list[Run]:
    """Sends for those runs for which somebody listens, and returns them."""
    called: list[Run] = []
    wake_ups: list[WakeUp] = []
    for run in runs:
        queues = readers.get(run["pool_id"], _NOBODY).of(run["pool"], run["queue"])
        wake_ups += [_wake_up(run, queue) for queue in queues]
        if queues:
            called.append(run)
    send_wake_ups(wake_ups)
    return called


def _wake_up(run: Run, queue: str) -> WakeUp:
    pool_variables = {name: run[f"pool_{name}"] for name in TIME_LIMITS}
    variables = {**pool_variables, **(run["deployment_variables"] or {}), **(run["job_variables"] or {})}
    return WakeUp(
        flow_run_id=run["pk"],
        pool=run["pool"],
        queue=queue,
        priority=message_priority(run["priority"]),
        soft_time_limit=_time_limit(variables.get("soft_time_limit_seconds")),
        time_limit=_time_limit(variables.get("time_limit_seconds")),
    )


def _time_limit(seconds: Any) -> float | None:
    """None for what is no time: job variables hold anything, and a worker that is sent such a limit breaks on it."""
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    return seconds if usable else None
