"""At most so many runs of a deployment are under way. A slot is had from PENDING until the work ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time
from runs.orchestration.decide import rule
from runs.orchestration.rules.late import LATE
from runs.orchestration.transition import DeploymentLimit, Transition
from runs.orchestration.verdicts import PASS, Abort, Amend, Pass, Replace, Shortage, SlotNeed, Verdict

LEASE_ID = "deployment_concurrency_lease_id"
GRACE_SECONDS = 300.0  # for which a slot is kept for a run that has not begun
WAIT_SECONDS = 30.0  # after which a run that found no slot is tried again
FULL = "Deployment concurrency limit reached."

FIRST_THAT_RENEWS = (3, 4, 11)  # older clients never renew what they hold
COUNT_THEMSELVES = frozenset({(3, 0, 0), (3, 0, 1), (3, 0, 2), (3, 0, 3)})  # workers of these took their slots by API

UNDER_WAY = frozenset({StateType.PENDING, StateType.RUNNING, StateType.CANCELLING})


@rule()
def keep_the_lease(transition: Transition) -> Verdict:
    """Clients propose states without the lease that the present state names."""
    return _with_lease(transition)


@rule(before=UNDER_WAY | {StateType.SCHEDULED}, after=UNDER_WAY)
def keep_the_lease_by_force(transition: Transition) -> Verdict:
    """Whoever forces a run on knows nothing of its slot, which is to be freed when the work ends.

    A run that waits in its process to be retried has one too.
    """
    return _with_lease(transition)


@rule(before={StateType.PENDING}, after={StateType.RUNNING})
def keep_the_slot_of_a_run_that_begins(transition: Transition) -> Verdict:
    """A client that renews its lease gets it anew; for any other the slot is kept until the run leaves it.

    The slot may be lost to another run while the infrastructure started, which is too late to wait in line.
    """
    lease_id, limit = lease_of(transition.initial), transition.run.deployment_limit
    if lease_id is None or limit is None:
        return PASS
    if not _renews(transition):
        return Pass(needs=_slot(limit, lambda shortage: PASS, lease_id=lease_id, lease_seconds=None))
    lost = State(
        type=StateType.CANCELLED,
        message="The deployment's concurrency slot was lost while the run was being started, and no other is free.",
        timestamp=transition.at,
    )
    refusal = Replace(lost, reason="Deployment concurrency limit reached after lease expiry.")
    return Pass(needs=_slot(limit, lambda shortage: refusal, lease_id=lease_id, lease_seconds=_grace(limit)))


@rule(before={StateType.PENDING}, after={StateType.CANCELLING})
def keep_the_slot_of_a_run_that_is_cancelled(transition: Transition) -> Verdict:
    lease_id, limit = lease_of(transition.initial), transition.run.deployment_limit
    if lease_id is None or limit is None or _renews(transition):
        return PASS
    return Pass(needs=_slot(limit, lambda shortage: PASS, lease_id=lease_id, lease_seconds=None))


@rule(before=frozenset({None, *StateType}) - UNDER_WAY, after={StateType.PENDING})
def take_a_slot_of_the_deployment(transition: Transition) -> Verdict:
    """Before anything is started for it, so that a run which has to wait costs nothing."""
    run, limit = transition.run, transition.run.deployment_limit
    if not run.has_deployment or transition.client in COUNT_THEMSELVES:
        return PASS
    if run.deployment_is_gone:
        return Abort("Deployment not found.")
    if limit is None:
        return PASS

    def without(shortage: Shortage) -> Verdict:
        if shortage.closed:
            return Abort("The deployment concurrency limit is 0. The flow will deadlock if submitted again.")
        return _cancelled(transition, FULL) if limit.cancels_new else _enqueued(transition)

    seconds = None if transition.takes_claim else _grace(limit)
    return Pass(needs=_slot(limit, without, lease_id=lease_of(transition.initial), lease_seconds=seconds))


@rule(before={StateType.SCHEDULED}, after={StateType.SCHEDULED})
def cancel_new_when_full_and_late(transition: Transition) -> Verdict:
    """A run that nobody took in time never came to ask for a slot."""
    limit = transition.run.deployment_limit
    if transition.proposed.name != LATE or limit is None or not limit.cancels_new:
        return PASS
    refusal = _cancelled(transition, "Deployment concurrency limit is full and uses the CANCEL_NEW strategy.")
    return Pass(needs=SlotNeed(lambda shortage: refusal, limit_ids=(limit.limit_id,), only_look=True))


def lease_of(state: State | None) -> UUID | None:
    """The lease that a state names. It may have ended since."""
    lease_id = state.details.get(LEASE_ID) if state else None
    return UUID(str(lease_id)) if lease_id else None


def _with_lease(transition: Transition) -> Verdict:
    initial, proposed = transition.initial, transition.proposed
    lease_id = initial.details.get(LEASE_ID) if initial else None
    if not lease_id or proposed.details.get(LEASE_ID):
        return PASS
    return Amend(proposed.with_details(**{LEASE_ID: lease_id}))


def _renews(transition: Transition) -> bool:
    return transition.client is not None and transition.client >= FIRST_THAT_RENEWS


def _grace(limit: DeploymentLimit) -> float:
    return GRACE_SECONDS if limit.grace_seconds is None else limit.grace_seconds


def _slot(
    limit: DeploymentLimit,
    without: Callable[[Shortage], Verdict],
    *,
    lease_id: UUID | None,
    lease_seconds: float | None,
) -> SlotNeed:
    return SlotNeed(without, limit_ids=(limit.limit_id,), lease_id=lease_id, lease_seconds=lease_seconds)


def _cancelled(transition: Transition, reason: str) -> Verdict:
    return Replace(State(type=StateType.CANCELLED, message=FULL, timestamp=transition.at), reason=reason)


def _enqueued(transition: Transition) -> Verdict:
    due = format_time(transition.at + timedelta(seconds=WAIT_SECONDS))
    waiting = State(
        type=StateType.SCHEDULED,
        name="AwaitingConcurrencySlot",
        details={"scheduled_time": due},
        timestamp=transition.at,
    )
    return Replace(waiting, reason=FULL)
