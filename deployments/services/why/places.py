"""Where the run waits, and who is to take it from there: pools, queues, workers and runners."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime

from deployments.models.work_pools import AGENT
from deployments.models.work_queues import POLLED_WITHIN
from deployments.services.why.explanation import Action, Cause, Subject
from deployments.services.why.situation import PlacesFact, PoolFact, QueueFact, Situation, WorkerFact
from deployments.services.why.wording import ago, clock, command, count, who_holds

MOST_HOLDERS = 20  # that an answer names


def no_runner(situation: Situation) -> Iterator[Cause]:
    """A deployment without a pool is served by a program that asks for its runs."""
    deployment = situation.deployment
    if deployment is None or situation.queue is not None or situation.run.queue_name is not None:
        return
    if situation.run.retry_type == "in_process":
        return
    subject = Subject("deployment", deployment.name, deployment.id)
    asked = deployment.last_polled
    if _is_recent(asked, situation.at):
        yield Cause(
            "waits_for_runner",
            f"The program that serves {deployment.name} asked for work at {ago(asked, situation.at)}. "  # type: ignore[arg-type]
            "It takes the run when it asks again and has a place free.",
            subject=subject,
            certain=False,
        )
        return
    if asked is None:
        summary = f"Deployment {deployment.name} has no work pool, and no program has ever served it."
    else:
        summary = f"Nobody serves {deployment.name}: it was last asked for work at {ago(asked, situation.at)}."
        if deployment.paused:
            summary += " It is paused, as a program that serves it leaves it when it ends."
    action = Action(
        "Start the program that serves the deployment, or deploy the flow to a work pool.", command("deploy", "--help")
    )
    yield Cause("nobody_serves_deployment", summary, since=asked, subject=subject, action=action)


def deleted_queue(situation: Situation) -> Iterator[Cause]:
    run = situation.run
    if situation.queue is not None or run.queue_name is None:
        return
    yield Cause(
        "queue_deleted",
        f"It waited in work queue {run.queue_name}, which was deleted: it is in no queue now.",
        subject=Subject("work-queue", run.queue_name),
        action=Action("Cancel it, and run the deployment again.", command("flow-run", "cancel", run.id)),
    )


def paused_pool(situation: Situation) -> Iterator[Cause]:
    pool = situation.pool
    if pool is None or not pool.is_paused:
        return
    yield Cause(
        "pool_paused",
        f"Work pool {pool.name} is paused: none of its runs begins.",
        subject=_pool(pool),
        action=Action("Resume the work pool.", command("work-pool", "resume", pool.name)),
    )


def paused_queue(situation: Situation) -> Iterator[Cause]:
    pool, queue = situation.pool, situation.queue
    if pool is None or queue is None or not queue.is_paused:
        return
    yield Cause(
        "queue_paused",
        f"Work queue {queue.name} of work pool {pool.name} is paused: none of its runs begins.",
        subject=_queue(queue),
        action=Action("Resume the work queue.", command("work-queue", "resume", queue.name, "--pool", pool.name)),
    )


def no_worker(situation: Situation) -> Iterator[Cause]:
    pool, queue = situation.pool, situation.queue
    if pool is None or queue is None or _online(situation):
        return
    if not pool.is_ours and _is_recent(queue.last_polled, situation.at):
        return  # somebody asks who does not say that he is a worker
    at = situation.at
    silent = situation.workers[0] if situation.workers else None
    if pool.type == AGENT:
        asked = f"was last asked for work at {ago(queue.last_polled, at)}" if queue.last_polled else "was never asked"
        yield Cause(
            "queue_not_polled",
            f"No agent asks for work: queue {queue.name} of pool {pool.name} {asked}.",
            since=queue.last_polled,
            subject=_queue(queue),
            action=_start_worker(pool),
        )
        return
    if silent is None:
        summary = f"No worker has ever served work pool {pool.name}."
    else:
        summary = (
            f"No worker of work pool {pool.name} is online since {clock(silent.last_heartbeat, at)}: "
            f"{silent.name} was the last one to tell of itself, at {ago(silent.last_heartbeat, at)}."
        )
    yield Cause(
        "no_worker_online",
        summary,
        since=silent.last_heartbeat if silent else None,
        subject=_worker(silent) if silent else _pool(pool),
        action=_start_worker(pool),
    )


def no_worker_for_the_queue(situation: Situation) -> Iterator[Cause]:
    pool, queue, at = situation.pool, situation.queue, situation.at
    online = _online(situation)
    if pool is None or queue is None or not online:
        return
    if pool.is_ours:
        if any(worker.serves(queue.name) for worker in online):
            return
        named = ", ".join(sorted(worker.name for worker in online)[:3])
        summary = (
            f"{count(len(online), 'worker')} of work pool {pool.name} {'is' if len(online) == 1 else 'are'} online "
            f"({named}), but none serves work queue {queue.name}."
        )
    elif _is_recent(queue.last_polled, at):
        return
    else:
        asked = f"was last asked for at {ago(queue.last_polled, at)}" if queue.last_polled else "was never asked for"
        summary = (
            f"{count(len(online), 'worker')} of work pool {pool.name} {'is' if len(online) == 1 else 'are'} online, "
            f"but work queue {queue.name} {asked}."
        )
    yield Cause(
        "no_worker_for_queue",
        summary,
        since=queue.last_polled,
        subject=_queue(queue),
        action=_start_worker(pool, queue),
        # A worker that has just begun has not asked yet, or may be at work with nothing free.
        certain=pool.is_ours,
    )


def no_consuming_worker(situation: Situation) -> Iterator[Cause]:
    pool = situation.pool
    serving = _serving(situation)
    if pool is None or not serving or any(worker.consuming is not False for worker in serving):
        return
    first = serving[0]
    last = f" since {clock(first.last_probe, situation.at)}" if first.last_probe else ""
    yield Cause(
        "worker_does_not_consume",
        f"Worker {first.name} is online but gets no messages from its broker{last}, and no other worker of work pool "
        f"{pool.name} serves the queue.",
        since=first.last_probe,
        subject=_worker(first),
        action=Action("Check that the worker reaches its broker; then start it again.", command("doctor")),
    )


def full_pool(situation: Situation) -> Iterator[Cause]:
    pool = situation.pool
    if pool is None or not pool.places.full:
        return
    yield _full("pool_full", f"Work pool {pool.name}", pool.places, _pool(pool), situation.at, _more_of_pool(pool))


def full_queue(situation: Situation) -> Iterator[Cause]:
    pool, queue = situation.pool, situation.queue
    if pool is None or queue is None or not queue.places.full:
        return
    where = f"Work queue {queue.name} of work pool {pool.name}"
    limit = (queue.places.limit or 0) + 1
    raise_limit = command("work-queue", "set-limit", queue.name, limit, "--pool", pool.name)
    action = Action("Wait, or raise the limit of the work queue.", raise_limit)
    yield _full("queue_full", where, queue.places, _queue(queue), situation.at, action)


def busy_workers(situation: Situation) -> Iterator[Cause]:
    """Every place of every worker that would take the run is taken."""
    pool, queue = situation.pool, situation.queue
    serving = [worker for worker in _serving(situation) if worker.consuming is not False]
    if pool is None or not pool.is_ours or not serving:
        return
    if any(worker.places is None or len(worker.runs) < worker.places for worker in serving):
        return
    places = sum(worker.places or 0 for worker in serving)
    runs = sorted((run for worker in serving for run in worker.runs), key=lambda run: run.since or situation.at)
    taken = (
        f"Every place is taken: {count(len(serving), 'worker')} of work pool {pool.name} "
        f"{'executes' if len(serving) == 1 else 'execute'} {count(places, 'run')} at a time."
    )
    yield Cause(
        "workers_busy",
        taken + who_holds(runs, len(runs), situation.at),
        subject=_pool(pool),
        held_by=tuple(runs[:MOST_HOLDERS]),
        bare=taken,
        action=_start_worker(pool, queue, "Wait, or start another worker."),
    )


def runs_ahead(situation: Situation) -> Iterator[Cause]:
    pool, queue = situation.pool, situation.queue
    if pool is None or queue is None or not situation.is_due:
        return
    if queue.ahead_elsewhere:
        yield Cause(
            "higher_priority_ahead",
            f"{count(queue.ahead_elsewhere, 'due run')} in queues of work pool {pool.name} with a higher priority "
            f"come{'s' if queue.ahead_elsewhere == 1 else ''} first.",
            subject=_pool(pool),
            action=Action("Look at the queues and their priorities.", command("work-queue", "ls", "--pool", pool.name)),
            certain=False,
        )
    if queue.ahead:
        yield Cause(
            "runs_ahead",
            f"{count(queue.ahead, 'run')} in work queue {queue.name} {'was' if queue.ahead == 1 else 'were'} due "
            "earlier.",
            subject=_queue(queue),
            certain=False,
        )


def waits_to_be_polled(situation: Situation) -> Iterator[Cause]:
    """Workers of other kinds than ours ask from time to time."""
    pool, queue, at = situation.pool, situation.queue, situation.at
    if pool is None or queue is None or pool.is_ours or pool.is_paused or queue.is_paused or not situation.is_due:
        return
    if not _is_recent(queue.last_polled, at) or pool.places.full or queue.places.full:
        return
    yield Cause(
        "waits_to_be_polled",
        f"It is handed to the next worker that asks; queue {queue.name} was asked for at {ago(queue.last_polled, at)}.",  # type: ignore[arg-type]
        subject=_queue(queue),
        certain=False,
    )


def _full(code: str, where: str, places: PlacesFact, subject: Subject, at: datetime, action: Action) -> Cause:
    is_full = f"{where} is full: {places.occupied} of {places.limit} runs are under way."
    return Cause(
        code,
        is_full + who_holds(places.holders, places.occupied, at),
        since=places.holders[-1].since if places.holders else None,
        subject=subject,
        action=action,
        held_by=places.holders,
        bare=is_full,
    )


def _more_of_pool(pool: PoolFact) -> Action:
    limit = (pool.places.limit or 0) + 1
    return Action(
        "Wait, or raise the limit of the work pool.", command("work-pool", "set-concurrency-limit", pool.name, limit)
    )


def _start_worker(pool: PoolFact, queue: QueueFact | None = None, summary: str = "Start a worker.") -> Action:
    of_queue = ("--queue", queue.name) if queue is not None and not queue.is_default else ()
    if pool.is_ours:
        return Action(summary, command("worker", "start", "--pool", pool.name, *of_queue))
    of_queue = ("--work-queue", queue.name) if of_queue and queue else ()
    start = shlex.join(["prefect", "worker", "start", "--pool", pool.name, *of_queue])
    return Action(f"{summary[:-1]} of type {pool.type}.", start)


def _online(situation: Situation) -> list[WorkerFact]:
    return [worker for worker in situation.workers if worker.online]


def _serving(situation: Situation) -> list[WorkerFact]:
    if situation.queue is None:
        return []
    return [worker for worker in _online(situation) if worker.serves(situation.queue.name)]


def _is_recent(polled: datetime | None, at: datetime) -> bool:
    return polled is not None and at - polled <= POLLED_WITHIN


def _pool(pool: PoolFact) -> Subject:
    return Subject("work-pool", pool.name, pool.id)


def _queue(queue: QueueFact) -> Subject:
    return Subject("work-queue", queue.name, queue.id)


def _worker(worker: WorkerFact) -> Subject:
    return Subject("worker", worker.name, worker.id)
