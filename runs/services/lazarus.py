"""Runs that were taken and never began rise again: they are scheduled anew a few times, then they fail."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.web.pulse import api_up_since
from runs.models import Claim, FlowRun, FlowRunState, Heartbeat, Rescue
from runs.services.beginning_again import begin_again, others_can_begin
from runs.services.overdue import change_one_by_one
from runs.services.transitions import propose_state_of_locked

BATCH = 200  # runs of each kind that one call looks at
# Who could not reach the API while it was away is given this long to catch up.
CATCH_UP = timedelta(seconds=60)


def raise_the_lost() -> int:
    """Schedule anew what nobody is going to begin, a batch of it. Returns how many runs were changed.

    These are pending runs that somebody took long ago and did not begin, and runs whose own process was to try them
    again and did not. Runs that one of our own workers holds are looked after by their claims, and processes that send
    signs of life by those.
    """
    at = now()
    patience = timedelta(seconds=settings.LAZARUS_SECONDS)
    up_since = api_up_since()
    if up_since is None or at - up_since < min(patience, CATCH_UP):
        return 0
    since = at - patience
    return _look_at(_never_begun(since), since) + _look_at(_never_retried(since), since)


def _look_at(lost: QuerySet[FlowRun], since: datetime) -> int:
    lost = lost.filter(
        ~Exists(Claim.objects.held().filter(flow_run=OuterRef("pk"))),
        ~Exists(Heartbeat.objects.filter(flow_run=OuterRef("pk"), buried_state_id=None)),
    )
    run_ids = list(lost.order_by("state_timestamp").values_list("pk", flat=True)[:BATCH])
    return change_one_by_one(run_ids, partial(_raise, since=since))


def _never_begun(since: datetime) -> QuerySet[FlowRun]:
    # A subflow in its parent's process may be pending for as long as it waits for what it is given.
    pending = FlowRun.objects.filter(state_type=StateType.PENDING, state_timestamp__lt=since)
    return pending.exclude(deployment=None, parent_task_run__isnull=False)


def _never_retried(since: datetime) -> QuerySet[FlowRun]:
    waiting = FlowRun.objects.scheduled().filter(state_name="AwaitingRetry", next_scheduled_start_time__lt=since)
    return waiting.filter(empirical_policy__retry_type="in_process")


def _raise(run: FlowRun, *, since: datetime) -> bool:
    reason = _why_lost(run, since)
    if reason is None or Claim.objects.held().filter(flow_run=run.pk).exists():
        return False  # it went on just now
    if not others_can_begin(run):
        return _end(run, StateType.CRASHED, f"{reason}, and it has no deployment that others could begin it from.")
    rescue = _rescue(run)
    if rescue.attempts >= settings.LAZARUS_ATTEMPTS:
        times = f"{rescue.attempts} time{'s' if rescue.attempts != 1 else ''}"
        return _end(run, StateType.FAILED, f"{reason}. It was scheduled anew {times} already, so it is given up.")
    rescue.attempts += 1
    rescue.last_at = now()
    rescue.save()
    message = f"{reason}; it is scheduled anew, {rescue.attempts} of {settings.LAZARUS_ATTEMPTS} times."
    return begin_again(run, message=message).written


def _why_lost(run: FlowRun, since: datetime) -> str | None:
    """None when the run is not lost."""
    if run.state_type == StateType.PENDING and run.state_timestamp is not None and run.state_timestamp < since:
        taken = f"{run.state_name} since {run.state_timestamp:%Y-%m-%d %H:%M:%S} UTC"
        return f"The run was taken and did not begin: it was {taken}"
    due = run.next_scheduled_start_time
    in_process = run.empirical_policy.get("retry_type") == "in_process"
    if run.state_type == StateType.SCHEDULED and in_process and due is not None and due < since:
        return f"The process that was to try the run again at {due:%Y-%m-%d %H:%M:%S} UTC did not"
    return None


def _rescue(run: FlowRun) -> Rescue:
    """How often it was done, counted anew when the run has run since."""
    rescue = Rescue.objects.filter(pk=run.pk).first() or Rescue(flow_run_id=run.pk, attempts=0, last_at=now())
    if rescue.attempts:
        ran = FlowRunState.objects.filter(flow_run=run.pk, type=StateType.RUNNING, timestamp__gt=rescue.last_at)
        if ran.exists():
            rescue.attempts = 0
    return rescue


def _end(run: FlowRun, type_: StateType, message: str) -> bool:
    return propose_state_of_locked(run, proposal=State(type_, message=message), force=True).written
