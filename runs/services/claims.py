"""Who executes a run. A claim is taken, renewed, and ends; a run whose claim was lost is begun again, or crashes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Max, QuerySet

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import TERMINAL, State, StateType, Status
from orchestrator.contract.times import now
from orchestrator.statements.making import made
from orchestrator.statements.reading import PreparedExists, PreparedQuery
from orchestrator.statements.writing import update_row
from orchestrator.web.pulse import api_presence
from runs.errors import ClaimNotHeld, ClaimRefused, RunNotFound
from runs.models import Claim, FlowRun
from runs.orchestration.transition import RunKind
from runs.services.beginning_again import begin_again, needs_its_process
from runs.services.enclosed import crash_what_ran_inside
from runs.services.transitions import locked_flow_run, locked_run_to_claim, propose_state_of_locked

logger = logging.getLogger(__name__)

MOST_HELD = 1000  # claims of one worker that `held_claims` gives
# Of a lease: as long as more of it is left, renewing writes nothing. Holders ask more often than they need to, in order
# to notice soon that the run is to be cancelled.
ENOUGH_LEFT = 0.75
BATCH = 100  # lost runs that one call of `reclaim_lost_runs` looks after


def _held_and_locked(claim_id: UUID) -> QuerySet[Claim]:
    return Claim.objects.select_for_update(of=("self",)).held().filter(pk=claim_id)


_run_of_held_claim = PreparedQuery(
    lambda claim_id: Claim.objects.held().filter(pk=claim_id).only("flow_run"), "claim_id"
)
_held_claim = PreparedQuery(_held_and_locked, "claim_id")
_run_in_short = PreparedQuery(
    lambda run_id: (
        FlowRun.objects.select_for_update().filter(pk=run_id).only("state", "state_type", "empirical_policy")
    ),
    "run_id",
)
_is_any_expired = PreparedExists(Claim.objects.expired, moments=["at"])
_claims_of_run = PreparedQuery(lambda run_id: Claim.objects.filter(flow_run=run_id), "run_id")
_held_claim_and_state = PreparedQuery(
    lambda claim_id: (
        Claim.objects.held()
        .select_related("flow_run")
        .filter(pk=claim_id)
        .only("lease_expires_at", "flow_run__state_type", "flow_run__state_name")
    ),
    "claim_id",
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """The state lets the holder notice that the run is to be cancelled."""

    lease_seconds: float
    state_type: str | None
    state_name: str | None


def claim_run(
    *,
    flow_run_id: UUID,
    worker_name: str,
    process_id: int | None = None,
    allow: Callable[[FlowRun], None] | None = None,
) -> tuple[FlowRun, Claim]:
    """Take a scheduled run that is due: it becomes PENDING and belongs to the worker while the claim is renewed.

    `allow` is asked first, with the locked run and its pool; it may raise. Raises RunNotFound, and ClaimRefused when
    the run cannot be taken now.
    """
    with transaction.atomic():
        run = locked_run_to_claim(flow_run_id)
        if allow is not None:
            allow(run)
        at = now()
        before = _claims_of_run.all(run_id=run.pk)
        _refuse_unless_due(run, before, at)
        taken = State(type=StateType.PENDING, message=f"Taken by {worker_name}.")
        claim = _next_claim(run, before, worker_name, process_id, at)
        answer = propose_state_of_locked(run, proposal=taken, claim=claim)
    if answer.status is not Status.ACCEPT:
        # Only now: the refusal may have written another state, such as one that waits for a slot, and that stays.
        raise ClaimRefused(answer.reason or "The run cannot be taken now.")
    return run, claim


def renew_claim(*, claim_id: UUID) -> Renewal:
    """Hold the run for another lease. Touches the claim alone, and not while enough is left. Raises ClaimNotHeld."""
    claim = _held_claim_and_state.first(claim_id=claim_id)
    if claim is None:
        raise ClaimNotHeld(f"Claim {claim_id} ended: stop the run.")
    at, run = now(), claim.flow_run
    if claim.lease_expires_at - at < ENOUGH_LEFT * _lease():
        renewed = Claim.objects.held().filter(pk=claim_id).update(lease_expires_at=at + _lease())
        if not renewed:
            raise ClaimNotHeld(f"Claim {claim_id} ended just now: stop the run.")
    return Renewal(settings.LEASE_SECONDS, run.state_type, run.state_name)


def held_claim(*, claim_id: UUID) -> Claim:
    """A claim that did not end yet, with its run and all that the worker was told when it took that.

    Raises ClaimNotHeld.
    """
    claims = Claim.objects.held().filter(pk=claim_id)
    claim = claims.select_related("flow_run__flow", "flow_run__deployment", "flow_run__work_queue__work_pool").first()
    if claim is None:
        raise ClaimNotHeld(f"Claim {claim_id} ended.")
    return claim


def held_claims(*, pool_name: str, worker_name: str) -> list[Claim]:
    """What a worker of a pool holds now, each with the state of its run; at most MOST_HELD."""
    claims = Claim.objects.held().of_worker(worker_name, pool_name=pool_name)
    claims = claims.select_related("flow_run").only("flow_run", "process_id", "flow_run__state_type")
    return list(claims.order_by("pk")[:MOST_HELD])


def release_claim(*, claim_id: UUID, reason: str | None = None) -> FlowRun | None:
    """The holder is done with the run. A claim that ended already, or never was, is left alone.

    A run that its holder leaves unfinished is treated as lost, for the given reason. Returns the run if it was left
    in good order: it may be scheduled again already, and nobody could take it while the claim was held.
    """
    with transaction.atomic():
        found = _locked_with_its_run(claim_id, lock=_locked_in_short)
        if found is None:
            return None
        run, claim = found
        if needs_its_process(run):
            reason = reason or f"Worker {claim.worker_name} gave the run back unfinished"
            _lose(locked_flow_run(run.pk), claim, reason)
            return None
        _end(claim, Claim.Outcome.FINISHED, reason=None)
    return run


def report_lost(
    *,
    pool_name: str,
    flow_run_id: UUID,
    worker_name: str,
    reason: str,
    process_id: int | None = None,
    handed_back: bool = False,
) -> None:
    """A worker saw the process die that executed this run. `handed_back`: the worker ended it, because it was stopped.

    What is handed back is begun again however often: it is no attempt that failed.
    Does nothing when another process holds the run by now, be it of the same worker: reports may come late.
    """
    with transaction.atomic():
        claims = Claim.objects.held().of_worker(worker_name, pool_name=pool_name)
        held = claims.filter(flow_run=flow_run_id, process_id=process_id).first()
        found = _locked_with_its_run(held.pk) if held is not None else None
        if found is not None:
            _lose(*found, reason, outcome=Claim.Outcome.HANDED_BACK if handed_back else Claim.Outcome.LOST)


def has_expired_claims() -> bool:
    """Whether `reclaim_lost_runs` may find something."""
    return _is_any_expired(at=now())


def reclaim_lost_runs() -> int:
    """Look after the runs whose holders stopped renewing, at most BATCH of them. Returns how many.

    While the API was away nobody could renew, so a lease counts as expired only when the API was there to be asked
    for the length of a whole lease, and is known to have been there still when the lease ended. A web process that is
    killed is not missed at once, so nothing is concluded from the time after it was last seen.
    """
    presence = api_presence()
    if presence is None or presence.lasted < _lease():
        return 0
    expired = Claim.objects.expired(presence.until).order_by("lease_expires_at").values_list("pk", flat=True)
    reclaimed = 0
    for claim_id in list(expired[:BATCH]):
        try:
            reclaimed += _reclaim(claim_id)
        except DatabaseError:
            # The next call tries again; one run that resists must not hold up the others.
            logger.exception("Claim %s expired and could not be ended", claim_id)
    return reclaimed


def _reclaim(claim_id: UUID) -> bool:
    with transaction.atomic():
        found = _locked_with_its_run(claim_id)
        if found is None or found[1].lease_expires_at >= now():
            return False  # it was given back or renewed just now
        run, claim = found
        _lose(run, claim, f"Worker {claim.worker_name} did not report for {settings.LEASE_SECONDS:g} seconds")
    return True


def _locked_in_short(run_id: UUID) -> FlowRun:
    """The flow run with what tells whether it was left in good order, locked. Raises RunNotFound."""
    run = _run_in_short.first(run_id=run_id)
    if run is None:
        raise RunNotFound(RunKind.FLOW_RUN, run_id)
    return run


def _locked_with_its_run(
    claim_id: UUID, *, lock: Callable[[UUID], FlowRun] = locked_flow_run
) -> tuple[FlowRun, Claim] | None:
    """A held claim and its run, both locked, the run by `lock`; None when the claim has ended.

    The run is locked first, as whoever proposes a state does, who may then end the claim: two that lock in different
    orders wait for each other for ever.
    """
    held = _run_of_held_claim.first(claim_id=claim_id)
    if held is None:
        return None
    try:
        run = lock(held.flow_run_id)
    except RunNotFound:
        return None  # it was deleted just now, and its claims with it
    claim = _held_claim.first(claim_id=claim_id)
    return None if claim is None else (run, claim)


def _refuse_unless_due(run: FlowRun, claims: list[Claim], at: datetime) -> None:
    if run.state_type != StateType.SCHEDULED:
        raise ClaimRefused(f"The run is {run.state_type}, not SCHEDULED.")
    if run.empirical_policy.get("retry_type") == "in_process":
        raise ClaimRefused("The run is retried by the process that has it.")
    due = run.next_scheduled_start_time
    if due is not None and due > at + timedelta(seconds=1):
        raise ClaimRefused(f"The run is due at {due.isoformat()}.")
    if any(claim.ended_at is None for claim in claims):
        raise ClaimRefused("The run is taken.")


def _next_claim(run: FlowRun, before: list[Claim], worker_name: str, process_id: int | None, at: datetime) -> Claim:
    return made(
        Claim,
        id=uuid7(),
        flow_run_id=run.pk,
        attempt=max((earlier.attempt for earlier in before), default=0) + 1,
        worker_name=worker_name,
        process_id=process_id,
        claimed_at=at,
        lease_expires_at=at + _lease(),
        ended_at=None,
        outcome=None,
        reason=None,
    )


def _lease() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


def _end(claim: Claim, outcome: Claim.Outcome, reason: str | None) -> None:
    update_row(claim, {"ended_at": now(), "outcome": outcome.value, "reason": reason})


def _lose(run: FlowRun, claim: Claim, reason: str, *, outcome: Claim.Outcome = Claim.Outcome.LOST) -> None:
    _end(claim, outcome, reason)
    if run.is_terminal:
        return
    crash_what_ran_inside(run, reason=reason)
    # A run that was suspended, or is scheduled again already, had left its process before that died.
    if needs_its_process(run):
        _begin_again_or_crash(run, reason)


def _begin_again_or_crash(run: FlowRun, reason: str) -> None:
    proposal = _after_loss(run, reason.rstrip("."))
    if proposal.type is StateType.SCHEDULED:
        begin_again(run, message=proposal.message or reason)
    else:
        propose_state_of_locked(run, proposal=proposal, force=True)


def _after_loss(run: FlowRun, reason: str) -> State:
    if run.state_type == StateType.CANCELLING:
        return State(type=StateType.CANCELLED, message=f"{reason}, while the run was being cancelled.")
    lost, most = _lost_in_a_row(run), settings.MAX_ATTEMPTS
    if lost >= most:
        message = f"{reason}; this was attempt {lost} of {most}, so the run is not begun again."
        return State(type=StateType.CRASHED, message=message)
    message = f"{reason}; attempt {lost + 1} of {most} follows."
    return State(type=StateType.SCHEDULED, name="AwaitingRetry", message=message)


def _lost_in_a_row(run: FlowRun) -> int:
    """Attempts that were lost since the run last ended, also by a crash, or was suspended in good order."""
    claims = Claim.objects.filter(flow_run=run)
    ended_at = run.states.filter(type__in=TERMINAL).aggregate(last=Max("timestamp"))["last"]
    if ended_at is not None:
        claims = claims.filter(claimed_at__gt=ended_at)
    finished = claims.filter(outcome=Claim.Outcome.FINISHED).aggregate(last=Max("attempt"))["last"] or 0
    return claims.filter(outcome=Claim.Outcome.LOST, attempt__gt=finished).count()
