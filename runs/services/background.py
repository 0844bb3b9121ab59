"""Sending background task runs to the task workers that are connected, each to one of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from runs.models import QueuedTaskRun, TaskRun, TaskSubscription
from runs.services.background_holders import LEASE_SECONDS, Holder, holds_any, resume
from runs.services.background_losses import end_subscription

RENEW_SECONDS = 5.0
FIRST_EPOCH = 1  # of a new subscription
LONGEST_LIST = 1000  # of task workers in one answer


def subscribe(*, client_id: str, task_keys: Sequence[str], slots: int | None = None) -> UUID:
    """A task worker has connected, which can execute these tasks.

    `slots` is how many task runs it holds at most until they have ended; None: it acknowledges each on receipt.
    """
    at = now()
    row = TaskSubscription.objects.create(
        client_id=client_id,
        task_keys=list(dict.fromkeys(task_keys)),
        slots=slots,
        connected_at=at,
        seen_at=at,
        lease_expires_at=at + timedelta(seconds=LEASE_SECONDS),
    )
    return row.pk


def connect_holder(
    *, client_id: str, task_keys: Sequence[str], slots: int, resumes: UUID | None, executing: Collection[UUID]
) -> Holder:
    """A task worker that holds has connected, for the first time or again.

    It goes on with the subscription that it `resumes` if that still is its own, else with a new one. `executing` are
    the task runs that it executes.
    """
    with transaction.atomic():
        if resumes is not None:
            resumed = resume(
                subscription_id=resumes, client_id=client_id, task_keys=task_keys, slots=slots, executing=executing
            )
            if resumed is not None:
                return resumed
        subscription_id = subscribe(client_id=client_id, task_keys=task_keys, slots=slots)
    return Holder(subscription_id, frozenset(), FIRST_EPOCH)


def renew(*, subscription_id: UUID, epoch: int) -> bool:
    """The task worker is still connected.

    False when it was taken for lost, and what it held may be sent to others; or when it has connected again, so that
    this connection, of an earlier `epoch`, counts no more.
    """
    until = now() + timedelta(seconds=LEASE_SECONDS)
    return bool(TaskSubscription.objects.filter(pk=subscription_id, epoch=epoch).update(lease_expires_at=until))


def unsubscribe(*, subscription_id: UUID, epoch: int, for_good: bool = True) -> None:
    """The task worker is gone. What it did not acknowledge waits again, before all others.

    `for_good` False: it may still execute what it holds, and come back within its lease. Nothing happens when it has
    come back already.
    """
    if not for_good and holds_any(subscription_id=subscription_id):
        return
    end_subscription(subscription_id=subscription_id, epoch=epoch)


def take_next(*, subscription_id: UUID, epoch: int, task_keys: Sequence[str]) -> TaskRun | None:
    """A task run for this worker, which nobody else gets unless it stays unacknowledged; None when none waits.

    The keys are asked in the order in which they are given. Task runs that somebody has taken up or ended
    meanwhile are dropped.
    """
    if not QueuedTaskRun.objects.waiting(task_keys).exists():
        return None
    for task_key in task_keys:
        while True:
            found, run = _take(subscription_id, epoch, task_key)
            if run is not None:
                return run
            if not found:
                break
    return None


def acknowledge(*, subscription_id: UUID, epoch: int, task_run_id: UUID) -> None:
    """The worker has the task run: it need not be sent again.

    What an earlier connection acknowledges is passed over: the worker has told the later one what it executes.
    """
    with transaction.atomic():
        # The worker before what it holds, as they are locked when it is taken for lost.
        if not TaskSubscription.objects.filter(pk=subscription_id, epoch=epoch).update(seen_at=now()):
            return
        QueuedTaskRun.objects.filter(task_run=task_run_id, holder=subscription_id).delete()


def connected_workers(*, task_keys: Sequence[str]) -> list[TaskSubscription]:
    """The task workers that any process of the server serves; with `task_keys` those that know one of these tasks."""
    rows = TaskSubscription.objects.live(now()).order_by("connected_at")[:LONGEST_LIST]
    wanted = set(task_keys)
    return [row for row in rows if not wanted or wanted.intersection(row.task_keys)]


def any_waiting(task_keys: Sequence[str]) -> bool:
    """Whether a task run of one of these keys waits for a task worker."""
    return QueuedTaskRun.objects.waiting(task_keys).exists()


def _take(subscription_id: UUID, epoch: int, task_key: str) -> tuple[bool, TaskRun | None]:
    """Whether one waited under this key, and the task run if it still is to be executed."""
    with transaction.atomic():
        waiting = QueuedTaskRun.objects.waiting([task_key]).first_come()
        row = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("task_run").first()
        if row is None:
            return False, None
        if row.task_run.state_type != StateType.SCHEDULED:
            row.delete()
            return True, None
        if not TaskSubscription.objects.select_for_update().filter(pk=subscription_id, epoch=epoch).exists():
            return False, None  # taken for lost in this moment, or connected again: nothing sent from here would arrive
        row.holder_id, row.goes_first = subscription_id, True
        row.save(update_fields=["holder", "goes_first"])
    return True, row.task_run
