"""Runs of a deployment for times that are past, as one of its schedules would have planned them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from deployments.models import Deployment
from deployments.services.deployment_runs import MOST, RunRequest, create_deployment_runs
from deployments.services.schedule_times import times_of
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, to_utc
from runs.models import FlowRun

MOST_RUNS = 500  # of one backfill
TAG = "backfill"


@dataclass(frozen=True, slots=True)
class Backfill:
    """What one would make: `known` of the times have a run of an earlier backfill already."""

    times: tuple[datetime, ...]
    known: int
    is_cut: bool  # there are more times than MOST_RUNS

    @property
    def new(self) -> int:
        return len(self.times) - self.known


@dataclass(frozen=True, slots=True)
class Made:
    """`errors` are sentences, each once, of runs that could not be made."""

    number: int
    errors: tuple[str, ...]


def plan_backfill(*, deployment: Deployment, schedule: Mapping[str, Any], start: datetime, end: datetime) -> Backfill:
    """The times of a stored schedule from `start` to before `end`. Raises CannotBePlanned."""
    found = times_of(schedule, start=start, end=end, most=MOST_RUNS + 2)
    times = tuple(moment for moment in islice(found, MOST_RUNS + 2) if moment < end)
    kept = times[:MOST_RUNS]
    return Backfill(kept, len(_known(deployment, kept)), is_cut=len(times) > MOST_RUNS)


def run_backfill(
    *,
    deployment: Deployment,
    times: Sequence[datetime],
    parameter: str = "",
    created_by: dict[str, Any] | None = None,
) -> Made:
    """A run for each of these times that has none from a backfill yet, all due at once, the earliest first.

    A run finds its time as the one that it was scheduled for, and in the parameter of this name, if one is given.
    Raises DeploymentNotFound.
    """
    known = _known(deployment, times)
    wanted = [moment for moment in times if _key(deployment.pk, moment) not in known]
    number = 0
    errors: dict[str, None] = {}
    for first in range(0, len(wanted), MOST):
        requests = [_request(deployment.pk, moment, parameter) for moment in wanted[first : first + MOST]]
        for outcome in create_deployment_runs(deployment_id=deployment.pk, requests=requests, created_by=created_by):
            if outcome.error is not None:
                errors[outcome.error] = None
            else:
                number += 1
    return Made(number, tuple(errors))


def _request(deployment_id: UUID, moment: datetime, parameter: str) -> RunRequest:
    due = format_time(to_utc(moment))
    return RunRequest(
        state=State(StateType.SCHEDULED, message="Planned by a backfill", details={"scheduled_time": due}),
        parameters={parameter: moment.isoformat()} if parameter else None,
        tags=(TAG,),
        idempotency_key=_key(deployment_id, moment),
    )


def _key(deployment_id: UUID, moment: datetime) -> str:
    return f"backfill {deployment_id} {format_time(to_utc(moment))}"


def _known(deployment: Deployment, times: Sequence[datetime]) -> set[str]:
    keys = [_key(deployment.pk, moment) for moment in times]
    rows = FlowRun.objects.filter(flow=deployment.flow_id, idempotency_key__in=keys)
    return {key for key in rows.values_list("idempotency_key", flat=True) if key}
