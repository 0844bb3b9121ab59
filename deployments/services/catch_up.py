"""Skipping the runs that were missed and that nobody asks for, as their deployments want.

Whoever takes a run is told by the rules; this looks through those that nobody takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from deployments.models import Deployment
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.statements.reading import PreparedExists
from runs.models import FlowRun
from runs.models.flow_runs import FlowRunQuerySet, text_of
from runs.orchestration.policy import SKIP_RULES
from runs.orchestration.rules.catch_up import SKIPPED
from runs.services.missed import PLANNED_LATE, SKIPPING, WAITING, longest_age
from runs.services.overdue import change_one_by_one
from runs.services.transitions import propose_state_of_locked

BATCH = 200  # runs that one call skips

_has_any_policy = PreparedExists(lambda: Deployment.objects.filter(catch_up_policy__in=SKIPPING))


def may_skip_runs() -> bool:
    """Whether any deployment has a policy by which `skip_missed_runs` may find something."""
    return _has_any_policy()


def skip_missed_runs() -> int:
    """Skip runs that were missed, at most BATCH of them. Returns how many."""
    at = now()
    found: list[UUID] = []
    for missed in _missed(at):
        found += missed.order_by("next_scheduled_start_time").values_list("pk", flat=True)[: BATCH - len(found)]
        if len(found) >= BATCH:
            break
    return change_one_by_one(found, _skip)


def _missed(at: datetime) -> Iterator[FlowRunQuerySet]:
    """The runs that are to be skipped, for each of the policies that are in use."""
    policies = Deployment.objects.filter(catch_up_policy__in=SKIPPING).order_by("catch_up_policy")
    for policy, seconds in policies.values_list("catch_up_policy", "catch_up_max_age_seconds").distinct():
        late = longest_age(seconds)
        runs = FlowRun.objects.not_begun().filter(
            deployment__catch_up_policy=policy,
            deployment__catch_up_max_age_seconds=seconds,
            auto_scheduled=True,
            state_name__in=WAITING,
            next_scheduled_start_time__lt=at - late,
        )
        # What is planned by hand for a time that is past was not missed.
        planned_in_time = Q(created__lte=F("next_scheduled_start_time") + late)
        if policy == Deployment.CatchUp.LATEST:
            runs = runs.filter(planned_in_time | Q(labels__has_key=PLANNED_LATE))
            yield runs.alias(planned_by=text_of("created_by__id")).filter(_newer_is_planned(at))
        else:
            yield runs.filter(planned_in_time)


def _newer_is_planned(at: datetime) -> Exists:
    """For a later time that has come, too. One that is not planned yet will be in a moment."""
    due = OuterRef("next_scheduled_start_time")
    newer = FlowRun.objects.filter(deployment=OuterRef("deployment")).newer_of_schedules(due, at)
    return Exists(newer.filter(planned_by=OuterRef("planned_by")))


def _skip(run: FlowRun) -> bool:
    proposal = State(StateType.CANCELLED, name=SKIPPED)
    return propose_state_of_locked(run, proposal=proposal, rules=SKIP_RULES).written
