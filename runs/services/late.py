"""Runs that should have begun and did not are marked late."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.statements.reading import PreparedExists
from orchestrator.web.pulse import api_up_since
from runs.models import FlowRun
from runs.orchestration.policy import LATE_MARK_RULES
from runs.orchestration.rules.late import LATE
from runs.services.overdue import change_one_by_one
from runs.services.transitions import propose_state_of_locked

BATCH = 400  # runs that one call marks
# Pools of this type are served by our own workers, who are on their way to a run that is due just now.
OUR_OWN = "celery"


def has_late_runs() -> bool:
    """Whether `mark_late` may find something: runs have waited for too long that are not marked."""
    return _is_any_overdue(since=_waited_since())


def mark_late() -> int:
    """Mark the runs that have waited for too long, at most BATCH of them. Returns how many.

    Only runs in the state called `Scheduled`: what waits for a retry, for a slot or after a pause is not late.
    """
    waiting = list(_waiting(_waited_since()).values_list("pk", flat=True)[:BATCH])
    return change_one_by_one(waiting, _mark) if waiting else 0


def _waited_since() -> datetime:
    return now() - timedelta(seconds=settings.LATE_AFTER_SECONDS)


def _waiting(since: datetime) -> QuerySet[FlowRun]:
    return _overdue(since).exclude(_just_about_to_begin(since)).order_by("next_scheduled_start_time")


def _overdue(since: datetime) -> QuerySet[FlowRun]:
    return FlowRun.objects.scheduled().filter(state_name="Scheduled", next_scheduled_start_time__lte=since)


_is_any_overdue = PreparedExists(_overdue, moments=["since"])


def _just_about_to_begin(since: datetime) -> Q:
    """Runs of our own workers who had no chance yet: asked for just now, or due while nobody could claim them."""
    ours = Q(work_queue__work_pool__type=OUR_OWN)
    up_since = api_up_since()
    if up_since is None or up_since > since:
        return ours
    return ours & Q(state_timestamp__gt=since)


def _mark(run: FlowRun) -> bool:
    if run.state_type != StateType.SCHEDULED or run.state_name != "Scheduled":
        return False  # somebody took it just now
    return propose_state_of_locked(run, proposal=State(StateType.SCHEDULED, name=LATE), rules=LATE_MARK_RULES).written
