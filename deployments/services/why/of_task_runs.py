"""Why a task run does not run. Pure, as for flow runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from deployments.services.why.explanation import Action, Cause, Explanation, Subject
from deployments.services.why.situation import AskedFact, LimitFact, ParentFact, RunFact
from deployments.services.why.slots import asks_for_slots
from deployments.services.why.wording import ago, clock, command, count, who_holds
from orchestrator.contract.states import TERMINAL

WAITING = ("SCHEDULED", "PENDING")


@dataclass(frozen=True, slots=True)
class QueuedFact:
    """The place of a background task run in its queue. `holder`: the task worker that was sent it."""

    task: str
    ahead: int = 0
    workers: int = 0  # task workers that are connected and know the task
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSituation:
    """`limits` are those of its tags, `asked` those that it was refused slots of.

    `parent` is the flow run that called it, None for a background task.
    """

    at: datetime
    run: RunFact
    parent: ParentFact | None = None
    queued: QueuedFact | None = None
    limits: tuple[LimitFact, ...] = ()
    asked: tuple[AskedFact, ...] = ()


def explain_task_run(situation: TaskSituation) -> Explanation:
    run = situation.run
    if run.state_type is None:
        causes = [Cause("no_state", "It has no state yet: its flow has only announced it.")]
    elif run.state_type in TERMINAL:
        said = f": {run.message}" if run.message else "."
        causes = [Cause("ended", f"It is {run.state_name}{said}", since=run.since)]
    elif run.state_type in WAITING:
        causes = [*_waits(situation)] or [*_next(situation)]
    else:
        causes = [*_under_way(situation)]
    overdue = 0.0
    if run.state_type == "SCHEDULED" and run.due is not None:
        overdue = max(0.0, (situation.at - run.due).total_seconds())
    return Explanation(causes[0].summary, overdue, tuple(causes))


def _waits(situation: TaskSituation) -> Iterator[Cause]:
    yield from _not_due(situation)
    yield from _flow_does_not_run(situation)
    yield from _full_limits(situation)
    yield from _asked(situation)
    yield from _in_the_queue(situation)


def _not_due(situation: TaskSituation) -> Iterator[Cause]:
    run, at = situation.run, situation.at
    if run.due is None or run.due <= at:
        return
    if run.state_name == "AwaitingRetry":
        summary = (
            f"It failed in attempt {run.run_count} of {run.retries + 1}, and is tried again at {ago(run.due, at)}."
        )
        yield Cause("waits_for_retry", summary, since=run.since)
        return
    yield Cause("not_due", f"It is to begin at {ago(run.due, at)}.", since=run.since)


def _flow_does_not_run(situation: TaskSituation) -> Iterator[Cause]:
    parent, at = situation.parent, situation.at
    if parent is None or parent.state_type == "RUNNING":
        return
    state = (parent.state_name or "without a state") + (f" since {clock(parent.since, at)}" if parent.since else "")
    yield Cause(
        "parent_not_running",
        f"Its flow run {parent.name} is {state}, and tasks run only while it does.",
        since=parent.since,
        subject=Subject("flow-run", parent.name, parent.id),
        action=Action("Look at the flow run.", command("flow-run", "why", parent.id), f"/runs/flow-run/{parent.id}"),
    )


def _full_limits(situation: TaskSituation) -> Iterator[Cause]:
    for limit in situation.limits:
        if not limit.full:
            continue
        tag = limit.name.removeprefix("tag:")
        closed = limit.limit <= 0
        is_full = f"The limit on tag {tag} is full: {limit.occupied} of {count(limit.limit, 'slot')} taken."
        if closed:
            is_full = f"The limit on tag {tag} is 0, so no task with it can ever run."
        yield Cause(
            "limit_closed" if closed else "limit_full",
            is_full if closed else is_full + who_holds(limit.holders, limit.occupied, situation.at),
            since=limit.holders[-1].since if limit.holders else None,
            subject=Subject("concurrency-limit", limit.name, limit.id),
            action=Action(
                "Wait, see who has the slots, or raise the limit.",
                command("concurrency-limit", "inspect", limit.name),
            ),
            held_by=limit.holders,
            bare=is_full,
        )


def _asked(situation: TaskSituation) -> Iterator[Cause]:
    told = {limit.id for limit in situation.limits if limit.full}
    for asked in situation.asked:
        if asked.limit.id not in told:
            yield asks_for_slots(asked, situation.at)


def _in_the_queue(situation: TaskSituation) -> Iterator[Cause]:
    queued = situation.queued
    if queued is None:
        return
    if queued.holder is not None:
        summary = f"It was sent to task worker {queued.holder}, which has not acknowledged it yet."
        yield Cause("sent_to_task_worker", summary, subject=Subject("task-worker", queued.holder))
        return
    if not queued.workers:
        yield Cause(
            "no_task_worker",
            f"No task worker that knows {queued.task} is connected.",
            action=Action("Start a program that serves the task."),
        )
    if queued.ahead:
        ahead = f"{count(queued.ahead, 'run')} of {queued.task} {'is' if queued.ahead == 1 else 'are'} sent first."
        yield Cause("runs_ahead", ahead, certain=not queued.workers)


def _next(situation: TaskSituation) -> Iterator[Cause]:
    if situation.queued is not None:
        workers = count(situation.queued.workers, "task worker")
        yield Cause("due_just_now", f"The next of {workers} that has a place free takes it.", certain=False)
        return
    summary = "Its flow run begins it: it may wait for other tasks, or for a free thread of its task runner."
    yield Cause("waits_in_its_flow", summary, since=situation.run.since, certain=False)


def _under_way(situation: TaskSituation) -> Iterator[Cause]:
    yield from _asked(situation)
    run = situation.run
    since = f" since {ago(run.since, situation.at)}" if run.since else ""
    yield Cause(
        "running" if run.state_type == "RUNNING" else "paused", f"It is {run.state_name}{since}.", since=run.since
    )
    yield from _flow_does_not_run(situation)
