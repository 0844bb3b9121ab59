"""Task workers that hold what they execute: they acknowledge a task run when it has ended, not when they receive it.

So the run of one that died is begun again by another. One whose connection breaks goes on executing: what it holds
stays its own until its lease ends, and it takes up the subscription again when it is back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from orchestrator.contract.times import now
from runs.models import QueuedTaskRun, TaskSubscription
from runs.services.background_queue import announce_queued

LEASE_SECONDS = 15.0  # after which the process that served a task worker, or a worker that holds, is taken for dead


@dataclass(frozen=True, slots=True)
class Holder:
    """A connection of a task worker that holds. `holds` are the task runs that it executes and that still are its own.

    `epoch` is the number of this connection: what an earlier one, whose end nobody has noticed yet, still asks for is
    refused.
    """

    subscription_id: UUID
    holds: frozenset[UUID]
    epoch: int


def resume(
    *, subscription_id: UUID, client_id: str, task_keys: Sequence[str], slots: int, executing: Collection[UUID]
) -> Holder | None:
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
    return Holder(subscription_id, holds, epoch)


def holds_any(*, subscription_id: UUID) -> bool:
    """Whether a task worker has task runs that it did not acknowledge."""
    return QueuedTaskRun.objects.filter(holder=subscription_id).exists()
