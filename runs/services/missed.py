"""What the rules ask of a run that a schedule planned and that nobody began in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import FlowRun
from runs.orchestration.rules.catch_up import SKIPPED
from runs.orchestration.transition import Missed

PLANNED_LATE = "orchestrator.catch-up"  # the label of a run that was planned after its time, by the policy it names
SKIPPING = ("latest", "max_age", "none")  # policies by which a planned run may be skipped
WAITING = ("Scheduled", "Late")  # the names of the states of a run that nobody took yet


def facts_of_missed(run: FlowRun, proposal: State) -> dict[str, Any]:
    """Nothing, and no query, for a run that is on time or whose deployment lets it run late all the same.

    What somebody plans by hand for a time that is past is no run that was missed.
    """
    deployment: Any = run.deployment if run.deployment_id else None  # a row of another app, reached by the relation
    if deployment is None or deployment.catch_up_policy not in SKIPPING:
        return {}
    due, at = run.next_scheduled_start_time, now()
    if due is None or run.state_name not in WAITING or run.run_count or due > at - grace():
        return {}
    if proposal.type is not StateType.PENDING and proposal.name != SKIPPED:
        return {}
    return _missed(run, deployment, due, at)


def grace() -> timedelta:
    """By which a run may begin late without having been missed."""
    return timedelta(seconds=settings.MISSED_AFTER_SECONDS)


def longest_age(max_age_seconds: float | None) -> timedelta:
    return max(grace(), timedelta(seconds=max_age_seconds or 0.0))


def _missed(run: FlowRun, deployment: Any, due: datetime, at: datetime) -> dict[str, Any]:
    policy, most = deployment.catch_up_policy, longest_age(deployment.catch_up_max_age_seconds)
    planned, planned_late = _planning_of(run)
    allowed = most if policy == "max_age" else grace()
    if planned is None or (planned > due + allowed and not planned_late):
        return {}
    newer = policy == "latest" and _newer_is_due(run, deployment, due, at)
    return {"missed": Missed(policy, due, most_seconds=most.total_seconds(), newer_is_due=newer)}


def _planning_of(run: FlowRun) -> tuple[datetime | None, bool]:
    """When a schedule planned it, None if none did, and whether that was to make up for a missed time."""
    row = FlowRun.objects.filter(pk=run.pk, auto_scheduled=True).values_list("created", "labels").first()
    return (row[0], PLANNED_LATE in row[1]) if row else (None, False)


def _newer_is_due(run: FlowRun, deployment: Any, due: datetime, at: datetime) -> bool:
    """Whether the schedule's next time has come, be it planned or not."""
    schedule_id = (run.created_by or {}).get("id")
    if deployment.schedules.filter(pk=schedule_id, active=True, next_time__gt=due, next_time__lte=at).exists():
        return True
    newer = FlowRun.objects.filter(deployment=run.deployment_id).newer_of_schedules(due, at)
    return newer.filter(planned_by=str(schedule_id)).exists()
