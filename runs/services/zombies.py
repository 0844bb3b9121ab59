"""Runs that look alive and whose process is dead are begun again, or crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Exists, OuterRef

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.statements.reading import PreparedExists
from orchestrator.web.pulse import api_up_since
from runs.models import Claim, FlowRun, Heartbeat
from runs.orchestration.transition import RunFacts, RunKind
from runs.services.beginning_again import begin_again, needs_its_process, others_can_begin
from runs.services.enclosed import crash_what_ran_inside
from runs.services.heartbeats import patience_with
from runs.services.overdue import change_one_by_one
from runs.services.transitions import Answer, propose_state_of_locked

BATCH = 200  # runs that one call looks at
# A process that was taken for dead may come back for this long and is refused; later ones are not known any more.
BURIED_FOR = timedelta(days=7)
_is_any_silent = PreparedExists(Heartbeat.objects.silent, moments=["at"])


def has_silent_runs() -> bool:
    """Whether one of the two below may find something. Runs that never gave a sign of life are not known beforehand."""
    return bool(settings.ZOMBIE_UNHEARD_SECONDS) or _is_any_silent(at=now())


def end_dead_runs() -> int:
    """End the runs whose signs of life stopped, a batch of them. Returns how many.

    Nobody could be heard while the API was away, so silence counts from its return on. Runs that one of our own
    workers holds are looked after by their claims.
    """
    at = now()
    up_since = api_up_since()
    if up_since is None:
        return 0
    silent = list(Heartbeat.objects.silent(at).values_list("pk", flat=True)[:BATCH])
    return change_one_by_one(silent, partial(_look_at_silent, up_since=up_since))


def end_unheard_runs() -> int:
    """End the runs that have run for long and never gave a sign of life, if that is wanted. Returns how many."""
    patience = timedelta(seconds=settings.ZOMBIE_UNHEARD_SECONDS)
    up_since = api_up_since()
    if not patience or up_since is None or now() - up_since < patience:
        return 0
    since = now() - patience
    unheard = FlowRun.objects.running().filter(state_timestamp__lt=since, parent_task_run=None, heartbeat=None)
    unheard = unheard.filter(~Exists(Claim.objects.held().filter(flow_run=OuterRef("pk"))))
    run_ids = list(unheard.order_by("state_timestamp").values_list("pk", flat=True)[:BATCH])
    return change_one_by_one(run_ids, partial(_look_at_unheard, since=since))


def _look_at_silent(run: FlowRun, *, up_since: datetime) -> bool:
    heartbeat = Heartbeat.objects.select_for_update().filter(pk=run.pk).first()
    at = now()
    if heartbeat is None or heartbeat.silent_after >= at:
        return False  # it was heard of just now
    if heartbeat.buried_state_id or not needs_its_process(run) or _is_held(run):
        heartbeat.delete()
        return False
    # Whoever began the present state lived then; and nobody could be heard while the API was away.
    heard = max(heartbeat.last_at, up_since, run.state_timestamp or heartbeat.last_at)
    silent_after = heard + patience_with(heartbeat)
    if silent_after >= at:
        Heartbeat.objects.filter(pk=run.pk).update(silent_after=silent_after)
        return False
    silence = (at - heartbeat.last_at).total_seconds()
    _end(
        run,
        f"The process that executed the run{heartbeat.sender} gave no sign of life for {silence:.0f} seconds, "
        f"the last at {heartbeat.last_at:%Y-%m-%d %H:%M:%S} UTC",
        note=partial(_bury, heartbeat),
    )
    return True


def _look_at_unheard(run: FlowRun, *, since: datetime) -> bool:
    if run.state_type != StateType.RUNNING or (run.state_timestamp or since) >= since or _is_held(run):
        return False
    waited = settings.ZOMBIE_UNHEARD_SECONDS
    _end(run, f"The run has been running for {waited:g} seconds without any sign of life", note=_leave)
    return True


def _is_held(run: FlowRun) -> bool:
    return Claim.objects.held().filter(flow_run=run.pk).exists()


def _end(run: FlowRun, reason: str, *, note: Callable[[FlowRun, State | None], None]) -> None:
    crash_what_ran_inside(run, reason=reason, note=note)
    note(run, _begun_again_or_ended(run, reason).state)


def _begun_again_or_ended(run: FlowRun, reason: str) -> Answer:
    if run.state_type == StateType.CANCELLING:
        message = f"{reason}, while the run was being cancelled."
        return propose_state_of_locked(run, proposal=State(StateType.CANCELLED, message=message), force=True)
    facts = RunFacts(run.pk, RunKind.FLOW_RUN, run_count=run.run_count, policy=run.empirical_policy)
    if not others_can_begin(run):
        message = f"{reason}."
    elif not facts.has_retries_left:
        message = f"{reason}; no retries are left."
    else:
        message = f"{reason}; retry {run.run_count} of {facts.retries} follows."
        delay = run.empirical_policy.get("retry_delay") or 0
        return begin_again(run, message=message, at=now() + timedelta(seconds=float(delay)))
    return propose_state_of_locked(run, proposal=State(StateType.CRASHED, message=message), force=True)


def _bury(heartbeat: Heartbeat, run: FlowRun, state: State | None) -> None:
    """Remember which state was written for the process, so that it may not speak for the run any more."""
    values = {"buried_state_id": state.id if state else None, "silent_after": now() + BURIED_FOR}
    told = {"last_at": heartbeat.last_at, "host": heartbeat.host, "process_id": heartbeat.process_id}
    Heartbeat.objects.update_or_create(flow_run_id=run.pk, defaults=values | told)


def _leave(run: FlowRun, state: State | None) -> None:
    """Nothing is known of the process, so that it could not be told from another one."""
