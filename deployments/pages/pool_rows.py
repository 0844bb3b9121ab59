"""A work pool as pages show it: what state it is in and why, and how busy it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deployments.models import Worker, WorkPool, WorkQueue
from deployments.models.work_pools import AGENT
from deployments.services.loads import NOTHING, Load, load_of_pool, loads_of_queues, online_workers
from orchestrator.pages.charts.meter import Meter, meter
from orchestrator.pages.words import distance_words, rough_words

MOST_REASONS = 3  # queues that a sentence names


@dataclass(frozen=True, slots=True)
class Look:
    """A state in colour, icon and word, with its reason; the reason is empty where all is well."""

    tone: str
    icon: str
    word: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PoolRow:
    pool: WorkPool
    queues: Sequence[WorkQueue]
    load: Load
    online: Sequence[Worker]
    look: Look
    last_polled: datetime | None
    oldest_wait: float | None  # seconds
    bar: Meter


def rows_of(pools: Sequence[WorkPool], at: datetime) -> list[PoolRow]:
    """Of these pools, in their order. Five queries, however many there are."""
    if not pools:
        return []
    queues: dict[UUID, list[WorkQueue]] = {}
    for queue in WorkQueue.objects.filter(work_pool__in=list(pools)).order_by("priority").defer("filter"):
        queues.setdefault(queue.work_pool_id, []).append(queue)
    loads = loads_of_queues(at)
    online = online_workers(pools, at)
    return [row_of(pool, queues.get(pool.pk, []), loads, online.get(pool.pk, []), at) for pool in pools]


def row_of(
    pool: WorkPool, queues: Sequence[WorkQueue], loads: Mapping[UUID, Load], online: Sequence[Worker], at: datetime
) -> PoolRow:
    load = load_of_pool(queues, loads)
    return PoolRow(
        pool=pool,
        queues=queues,
        load=load,
        online=online,
        look=_look_of_pool(pool, queues, loads, online, at),
        last_polled=_last_poll(queues),
        oldest_wait=_wait(load, at),
        bar=meter_of(load.running, pool.concurrency_limit),
    )


def meter_of(running: int, limit: int | None) -> Meter:
    """Running of the limit; of no limit nothing is filled."""
    most = "no limit" if limit is None else f"a limit of {limit}"
    return meter(running, limit, sentence=f"{running} running of {most}")


def look_of_queue(queue: WorkQueue, load: Load, *, pool_is_paused: bool, at: datetime) -> Look:
    if queue.is_paused:
        return Look("paused", "pause", "Paused", f"Hands out nothing. {_waits(load, at)}".strip())
    if pool_is_paused:
        return Look("paused", "pause", "Paused", "Its pool is paused.")
    if not queue.was_polled_lately(at):
        tone, icon = ("late", "alarm") if load.waiting else ("scheduled", "dots")
        return Look(tone, icon, "Not polled", f"{_polled(queue.last_polled, at)} {_waits(load, at)}".strip())
    if queue.concurrency_limit is not None and load.running >= queue.concurrency_limit:
        return Look("late", "alarm", "Full", _full(load, queue.concurrency_limit))
    return Look("completed", "check", "Ready")


def runs_words(count: int) -> str:
    return f"{count:,} {'run' if count == 1 else 'runs'}"


def going_on_words(count: int) -> str:
    return f"{runs_words(count)} under way {'goes' if count == 1 else 'go'} on"


def _look_of_pool(
    pool: WorkPool, queues: Sequence[WorkQueue], loads: Mapping[UUID, Load], online: Sequence[Worker], at: datetime
) -> Look:
    load, polled = load_of_pool(queues, loads), _last_poll(queues)
    if pool.is_paused:
        if load.running:
            return Look("paused", "pause", "Draining", f"Paused; {going_on_words(load.running)}.")
        return Look("paused", "pause", "Paused", f"Hands out nothing. {_waits(load, at)}".strip())
    if pool.type == AGENT:
        return _look_of_agents(load, polled, at)
    if not online:
        if load.waiting:
            return Look("late", "alarm", "No worker", f"No worker is online. {_waits(load, at)}")
        return Look("scheduled", "dots", "No worker", f"{_polled(polled, at)} Nothing waits.")
    if all(worker.broker_state == Worker.BrokerState.LOST for worker in online):
        return Look("failed", "cross", "Cut off", f"Its workers cannot reach the broker. {_waits(load, at)}".strip())
    if pool.concurrency_limit is not None and load.running >= pool.concurrency_limit:
        return Look("late", "alarm", "Full", _full(load, pool.concurrency_limit))
    if load.late:
        return Look("late", "alarm", "Behind", f"{_waits(load, at)} {_held_up(queues, loads, online)}")
    return Look("completed", "check", "Ready")


def _held_up(queues: Sequence[WorkQueue], loads: Mapping[UUID, Load], online: Sequence[Worker]) -> str:
    """Why runs of a pool that has workers are late."""
    late = [(queue, loads[queue.pk]) for queue in queues if loads.get(queue.pk, NOTHING).late]
    reasons = [
        f"Queue {queue.name} is paused." if queue.is_paused else f"Queue {queue.name} is full."
        for queue, load in late
        if queue.is_paused or (queue.concurrency_limit is not None and load.running >= queue.concurrency_limit)
    ]
    if reasons:
        return " ".join(reasons[:MOST_REASONS])
    running, places = load_of_pool(queues, loads).running, [worker.concurrency or 0 for worker in online]
    if all(places) and running >= sum(places):
        return f"Every place of its workers is taken: {running} of {sum(places)}."
    return f"Its workers have not begun what is in {', '.join(queue.name for queue, _ in late[:MOST_REASONS])}."


def _look_of_agents(load: Load, polled: datetime | None, at: datetime) -> Look:
    """Agents do not say that they are there; they only poll."""
    if load.late:
        return Look("late", "alarm", "Late", f"{_polled(polled, at)} {_waits(load, at)}")
    return Look("completed", "check", "Ready") if polled else Look("scheduled", "dots", "Never polled")


def _full(load: Load, limit: int) -> str:
    if limit == 0:
        return f"Its limit is 0, so nothing begins. {runs_words(load.waiting)} wait."
    waiting = f"{runs_words(load.waiting)} {'waits' if load.waiting == 1 else 'wait'}" if load.waiting else "none waits"
    return f"{load.running} of {limit} places are taken, {waiting}."


def _waits(load: Load, at: datetime) -> str:
    wait = _wait(load, at)
    if wait is None:
        return ""
    waits = "waits for" if load.waiting == 1 else "wait, the oldest for"
    return f"{runs_words(load.waiting)} {waits} {rough_words(wait)}."


def _wait(load: Load, at: datetime) -> float | None:
    return None if load.oldest_due is None else (at - load.oldest_due).total_seconds()


def _polled(moment: datetime | None, at: datetime) -> str:
    return f"Last asked for {distance_words(moment, at)}." if moment else "No worker has ever asked for work."


def _last_poll(queues: Iterable[WorkQueue]) -> datetime | None:
    return max((queue.last_polled for queue in queues if queue.last_polled is not None), default=None)
