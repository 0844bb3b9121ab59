"""Who executes a run. A claim is taken, renewed, and ends; a run whose claim was lost is begun again, or crashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from orchestrator.contract.states import State, StateType, Status
from orchestrator.contract.times import now
from orchestrator.web.pulse import api_up_since
from runs.errors import ClaimNotHeld, ClaimRefused
from runs.models import Claim, FlowRun
from runs.services.transitions import locked_flow_run, propose_state_of_locked

BATCH = 100  # lost runs that one call of `reclaim_lost_runs` looks after


@dataclass(frozen=True, slots=True)
class Renewal:
    """The state lets the holder notice that the run is to be cancelled."""

    lease_seconds: float
    state_type: str | None
    state_name: str | None


def claim_run(*, flow_run_id: UUID, worker_name: str) -> tuple[FlowRun, Claim]:
    """Take a scheduled run that is due: it becomes PENDING and belongs to the worker while the claim is renewed.

    Raises RunNotFound, and ClaimRefused when the run cannot be taken now.
    """
    with transaction.atomic():
        run = locked_flow_run(flow_run_id)
        at = now()
        _refuse_unless_due(run, at)
        answer = propose_state_of_locked(
            run, proposal=State(type=StateType.PENDING, message=f"Taken by {worker_name}.")
        )
        if answer.status is not Status.ACCEPT:
            raise ClaimRefused(answer.reason or "The run cannot be taken now.")
        claim = Claim(
            flow_run=run,
            attempt=_attempts_before(run) + 1,
            worker_name=worker_name,
            claimed_at=at,
            lease_expires_at=at + _lease(),
        )
        claim.save(force_insert=True)
        # From now on something executes the run, so cancelling it has to go through that worker.
        run.infrastructure_pid = f"{worker_name}/{claim.pk}"
        FlowRun.objects.filter(pk=run.pk).update(infrastructure_pid=run.infrastructure_pid)
    return run, claim


def renew_claim(*, claim_id: UUID) -> Renewal:
    """Hold the run for another lease. Touches the claim alone. Raises ClaimNotHeld."""
    renewed = Claim.objects.held().filter(pk=claim_id).update(lease_expires_at=now() + _lease())
    if not renewed:
        raise ClaimNotHeld(f"Claim {claim_id} ended: stop the run.")
    state_type, state_name = FlowRun.objects.filter(claims=claim_id).values_list("state_type", "state_name").get()
    return Renewal(settings.LEASE_SECONDS, state_type, state_name)


def release_claim(*, claim_id: UUID, reason: str | None = None) -> None:
    """The holder is done with the run. A claim that ended already, or never was, is left alone.

    A run that its holder leaves unfinished is treated as lost, for the given reason.
    """
    with transaction.atomic():
        claim = Claim.objects.select_for_update(of=("self",)).held().filter(pk=claim_id).first()
        if claim is None:
            return
        run = locked_flow_run(claim.flow_run_id)
        if _needs_its_process(run):
            _lose(claim, reason or f"Worker {claim.worker_name} gave the run back unfinished")
        else:
            _end(claim, Claim.Outcome.FINISHED, reason=None)


def report_lost(*, flow_run_id: UUID, worker_name: str, reason: str) -> None:
    """A worker saw the process die that executed this run. Does nothing when another worker holds the run by now."""
    with transaction.atomic():
        claim = (
            Claim.objects.select_for_update(of=("self",))
            .held()
            .filter(flow_run=flow_run_id, worker_name=worker_name)
            .first()
        )
        if claim is not None:
            _lose(claim, reason)


def reclaim_lost_runs() -> int:
    """Look after the runs whose holders stopped renewing, at most BATCH of them. Returns how many.

    While the API was away nobody could renew, so a lease counts as expired only when the API was there to be asked
    for the length of a whole lease.
    """
    at = now()
    up_since = api_up_since()
    if up_since is None or at - up_since < _lease():
        return 0
    expired = list(Claim.objects.expired(at).order_by("lease_expires_at").values_list("pk", flat=True)[:BATCH])
    reclaimed = 0
    for claim_id in expired:
        with transaction.atomic():
            claim = Claim.objects.select_for_update(of=("self",)).expired(now()).filter(pk=claim_id).first()
            if claim is not None:  # it may have been renewed just now
                _lose(claim, f"Worker {claim.worker_name} did not report for {settings.LEASE_SECONDS:g} seconds")
                reclaimed += 1
    return reclaimed


def _refuse_unless_due(run: FlowRun, at: datetime) -> None:
    if run.state_type != StateType.SCHEDULED:
        raise ClaimRefused(f"The run is {run.state_type}, not SCHEDULED.")
    if run.empirical_policy.get("retry_type") == "in_process":
        raise ClaimRefused("The run is retried by the process that has it.")
    due = run.next_scheduled_start_time
    if due is not None and due > at + timedelta(seconds=1):
        raise ClaimRefused(f"The run is due at {due.isoformat()}.")
    if Claim.objects.held().filter(flow_run=run).exists():
        raise ClaimRefused("The run is taken.")


def _needs_its_process(run: FlowRun) -> bool:
    """Whether nothing would ever go on with the run when the process that has it leaves it as it is."""
    if run.state_type == StateType.SCHEDULED:
        return run.empirical_policy.get("retry_type") == "in_process"
    if run.state_type == StateType.PAUSED:
        return not (run.state or {}).get("state_details", {}).get("pause_reschedule")
    return not run.is_terminal


def _attempts_before(run: FlowRun) -> int:
    return Claim.objects.filter(flow_run=run).aggregate(last=Max("attempt"))["last"] or 0


def _lease() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


def _end(claim: Claim, outcome: Claim.Outcome, reason: str | None) -> None:
    claim.ended_at, claim.outcome, claim.reason = now(), outcome, reason
    claim.save(update_fields=["ended_at", "outcome", "reason"])


def _lose(claim: Claim, reason: str) -> None:
    _end(claim, Claim.Outcome.LOST, reason)
    run = locked_flow_run(claim.flow_run_id)
    if not run.is_terminal:
        _begin_again_or_crash(run, reason)


def _begin_again_or_crash(run: FlowRun, reason: str) -> None:
    proposal = _after_loss(run, reason.rstrip("."))
    if proposal.type is StateType.SCHEDULED:
        # The next worker begins the code anew, so retries and pauses of the lost process are void.
        run.empirical_policy = run.policy_with(retry_type="reschedule", resuming=False, pause_keys=[])
        run.infrastructure_pid = None
        FlowRun.objects.filter(pk=run.pk).update(empirical_policy=run.empirical_policy, infrastructure_pid=None)
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
    """Attempts that were lost since the run last ended or was suspended in good order."""
    claims = Claim.objects.filter(flow_run=run)
    finished = claims.filter(outcome=Claim.Outcome.FINISHED).aggregate(last=Max("attempt"))["last"] or 0
    return claims.filter(outcome=Claim.Outcome.LOST, attempt__gt=finished).count()
