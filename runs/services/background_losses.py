"""Task workers that are gone for good, and what becomes of the task runs that they held."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from orchestrator.contract.states import TERMINAL, State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.statements.reading import PreparedExists
from orchestrator.web.pulse import api_presence
from runs.errors import RunNotFound
from runs.models import QueuedTaskRun, TaskRun, TaskRunState, TaskSubscription
from runs.orchestration.transition import RunFacts, RunKind
from runs.services.background_holders import LEASE_SECONDS
from runs.services.background_queue import announce_queued
from runs.services.transitions import propose_state

logger = logging.getLogger(__name__)

BATCH = 100  # lost task workers that one call of `take_back_from_the_lost` looks after
_LATEST_STATES = 100  # of a task run, among which unseen attempts are counted
_is_anybody_lost = PreparedExists(TaskSubscription.objects.lost, moments=["at"])
_UNSEEN = "unseen_attempt"  # in the details of a state: whoever held the run died before the run was seen to run


def has_lost_workers() -> bool:
    """Whether `take_back_from_the_lost` may find something."""
    return _is_anybody_lost(at=now())


def take_back_from_the_lost() -> int:
    """End the subscriptions of task workers that nobody renews any more, at most BATCH. Returns how many.

    What they did not acknowledge waits again, before all others. Each in a transaction of its own.
    """
    if not has_lost_workers():
        return 0
    at = now()
    servers = TaskSubscription.objects.lost(at).filter(slots=None)
    silent_since = _lease_end_of_dead_holders(at)
    holders = TaskSubscription.objects.lost(silent_since).filter(slots__isnull=False)
    lost = [(pk, before) for rows, before in ((servers, at), (holders, silent_since)) for pk in _first(rows)]
    return sum(_end_if_still_lost(subscription_id, before) for subscription_id, before in lost[:BATCH])


def end_subscription(*, subscription_id: UUID, epoch: int) -> None:
    """A task worker says goodbye. Nothing happens when it has connected again, under a later `epoch`."""
    with transaction.atomic():
        found = TaskSubscription.objects.filter(pk=subscription_id, epoch=epoch).select_for_update().first()
        if found is not None:
            _end(found, died=False)


def _first(rows: QuerySet[TaskSubscription]) -> list[UUID]:
    return list(rows.order_by("lease_expires_at").values_list("pk", flat=True)[:BATCH])


def _end_if_still_lost(subscription_id: UUID, before: datetime) -> bool:
    """Never raises: the next call tries again, and one that resists must not hold up the others."""
    try:
        with transaction.atomic():
            found = TaskSubscription.objects.lost(before).filter(pk=subscription_id).select_for_update().first()
            if found is None:
                return False  # it was renewed just now, or has ended
            _end(found, died=True)
    except Exception:
        logger.exception("Task worker %s is gone, and what it held could not be taken back", subscription_id)
        return False
    return True


def _lease_end_of_dead_holders(at: datetime) -> datetime:
    """Holders whose lease ended before this moment are dead.

    While the API was away nobody could renew or connect, so silence counts only when the API was there to be
    connected to for the length of a whole lease.
    """
    presence = api_presence(at)
    if presence is None or presence.lasted < timedelta(seconds=LEASE_SECONDS):
        return at - timedelta(days=1)
    return min(at, presence.until)


def _end(subscription: TaskSubscription, *, died: bool) -> None:
    """The row is locked: what is sent to it in this moment is seen then, and waits again with the rest."""
    if subscription.slots is not None:
        held = QueuedTaskRun.objects.filter(holder=subscription).select_related("task_run")
        for row in held.order_by("task_run_id"):  # in the order in which reports of them lock them too
            _take_back(row, f"The task worker {subscription.client_id} that held it is gone", died=died)
    subscription.delete()
    transaction.on_commit(announce_queued, robust=True)


def _take_back(row: QueuedTaskRun, reason: str, *, died: bool) -> None:
    run = row.task_run
    if run.state_type in TERMINAL:
        row.delete()
        return
    if run.state_type == StateType.SCHEDULED and (not died or _is_due_later(run)):
        return  # it was not begun, and waits again by itself
    # Whatever kills its process at once may never be seen to run.
    unseen = died and run.state_type in (StateType.SCHEDULED, StateType.PENDING)
    attempts = run.run_count + _unseen_attempts(run) + unseen
    with suppress(RunNotFound):  # it was deleted just now, and its row with it
        _begin_again_or_crash(run, reason, attempts=attempts, unseen=unseen)


def _is_due_later(run: TaskRun) -> bool:
    """Such as the retry of an attempt that failed."""
    try:
        due = State.from_wire(run.state).scheduled_time if run.state else None
    except (TypeError, ValueError):  # what clients report of their own task runs may be anything
        return False
    return due is not None and due > now()


def _unseen_attempts(run: TaskRun) -> int:
    """Since it last came to an end. Those that are reported after all, too late, do not raise its `run_count`."""
    states = TaskRunState.objects.filter(task_run=run.pk).order_by("-timestamp")
    latest = states.values_list("type", "state_details")[:_LATEST_STATES]
    since = takewhile(lambda state: state[0] not in TERMINAL, latest)
    return sum(1 for _, details in since if (details or {}).get(_UNSEEN))


def _begin_again_or_crash(run: TaskRun, reason: str, *, attempts: int, unseen: bool) -> None:
    retries = RunFacts(run.pk, RunKind.TASK_RUN, policy=run.empirical_policy).retries
    if attempts >= retries + settings.MAX_ATTEMPTS:
        message = f"{reason}; this was attempt {attempts}, so it is not begun again."
        crashed = State(StateType.CRASHED, message=message)
        propose_state(kind=RunKind.TASK_RUN, run_id=run.pk, proposal=crashed, force=True)
        QueuedTaskRun.objects.filter(task_run=run.pk).delete()
        return
    details = {
        "deferred": True,
        "scheduled_time": format_time(now()),
        "task_parameters_id": _parameters_id(run),
        **({_UNSEEN: True} if unseen else {}),
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
