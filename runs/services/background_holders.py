"""Task workers that hold what they execute: they acknowledge a task run when it has ended, not when they receive it.

So the run of one that died is begun again by another. One whose connection breaks goes on executing: what it holds
stays its own until its lease ends, and it takes up the subscription again when it is back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from orchestrator.contract.states import TERMINAL, State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.web.pulse import api_presence
from runs.errors import RunNotFound
from runs.models import QueuedTaskRun, TaskRun, TaskRunState, TaskSubscription
from runs.orchestration.transition import RunKind
from runs.services.background_queue import announce_queued
from runs.services.transitions import propose_state

LEASE_SECONDS = 15.0  # after which the process that served a task worker, or a worker that holds, is taken for dead


@dataclass(frozen=True, slots=True)
class Resumed:
    """A subscription that goes on. `holds` are the task runs that the worker executes and that still are its own.

    `epoch` is the number of this connection: what an earlier one, whose end nobody has noticed yet, still asks for is
    refused.
    """

    subscription_id: UUID
    holds: frozenset[UUID]
    epoch: int = 1


def resume(
    *, subscription_id: UUID, client_id: str, task_keys: Sequence[str], slots: int, executing: Collection[UUID]
) -> Resumed | None:
    """A task worker that holds is connected again. None when it was taken for lost: what it held is others'.

    What it was sent and does not execute, because it never arrived, waits again.
    """
    at = now()
    with transaction.atomic():
        found = TaskSubscription.objects.select_for_update().filter(
            pk=subscription_id, client_id=client_id, slots__isnull=False
        )
        changed = found.update(
            task_keys=list(dict.fromkeys(task_keys)),
            slots=slots,
            seen_at=at,
            lease_expires_at=at + timedelta(seconds=LEASE_SECONDS),
            epoch=F("epoch") + 1,
        )
        if not changed:
            return None
        held = QueuedTaskRun.objects.filter(holder=subscription_id)
        if held.exclude(task_run__in=executing).update(holder=None):
            transaction.on_commit(announce_queued, robust=True)
        holds = frozenset(held.filter(task_run__in=executing).values_list("task_run_id", flat=True))
        epoch = TaskSubscription.objects.values_list("epoch", flat=True).get(pk=subscription_id)
    return Resumed(subscription_id, holds, epoch)


def holds_any(*, subscription_id: UUID) -> bool:
    """Whether a task worker has task runs that it did not acknowledge."""
    return QueuedTaskRun.objects.filter(holder=subscription_id).exists()


def lease_end_of_holders(at: datetime) -> datetime:
    """Holders whose lease ended before this moment are dead.

    While the API was away nobody could renew or connect, so silence counts only when the API was there to be
    connected to for the length of a whole lease.
    """
    presence = api_presence(at)
    if presence is None or presence.lasted < timedelta(seconds=LEASE_SECONDS):
        return at - timedelta(days=1)
    return min(at, presence.until)


def take_back(subscriptions: Sequence[UUID]) -> None:
    """What these held is scheduled again if it had begun, crashed if that happened too often.

    Called with the subscriptions locked, before they are deleted. What had not begun waits again by itself.
    """
    held = QueuedTaskRun.objects.filter(holder__in=subscriptions, holder__slots__isnull=False)
    for row in held.exclude(task_run__state_type=StateType.SCHEDULED).select_related("task_run", "holder"):
        client_id = row.holder.client_id if row.holder is not None else ""
        if row.task_run.state_type in TERMINAL:
            row.delete()
            continue
        try:
            _begin_again_or_crash(row.task_run, f"The task worker {client_id} that executed it is gone")
        except RunNotFound:
            continue  # it was deleted just now, and its row with it


def _begin_again_or_crash(run: TaskRun, reason: str) -> None:
    retries = int(run.empirical_policy.get("retries") or 0)
    most = settings.MAX_ATTEMPTS
    if run.run_count >= retries + most:
        crashed = State(StateType.CRASHED, message=f"{reason}; it began {run.run_count} times and never ended.")
        propose_state(kind=RunKind.TASK_RUN, run_id=run.pk, proposal=crashed, force=True)
        QueuedTaskRun.objects.filter(task_run=run.pk).delete()
        return
    details = {
        "deferred": True,
        "scheduled_time": format_time(now()),
        "task_parameters_id": _parameters_id(run),
    }
    again = State(StateType.SCHEDULED, "AwaitingRetry", message=f"{reason}; it is begun again.", details=details)
    # Deferred and SCHEDULED, so it queues itself.
    propose_state(kind=RunKind.TASK_RUN, run_id=run.pk, proposal=again, force=True)


def _parameters_id(run: TaskRun) -> str | None:
    """Where its parameters are. Not every client repeats that in each state."""
    states = TaskRunState.objects.filter(task_run=run.pk, type=StateType.SCHEDULED).order_by("-timestamp")
    for details in states.values_list("state_details", flat=True)[:20]:
        found = (details or {}).get("task_parameters_id")
        if found:
            return str(found)
    return None
