"""The runs that a deployment's schedules plan ahead."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from deployments.errors import CannotBePlanned
from deployments.models import Deployment, DeploymentSchedule
from deployments.services.planning_anew import plan_anew
from deployments.services.schedule_times import first_times, times_of
from orchestrator.contract.ids import uuid7
from orchestrator.contract.names import generate_name
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.statements.making import made
from orchestrator.statements.writing import insert_unknown_rows, insert_values
from runs.models import FlowRun, FlowRunState, FlowRunTag
from runs.models.hour_counts import Counted
from runs.services.hour_counts import forget_hours

logger = logging.getLogger(__name__)

AUTO_SCHEDULED = "auto-scheduled"  # the tag of runs that a schedule planned
AWAITING_SLOT = "AwaitingConcurrencySlot"
MIN_RUNS = 3  # that each schedule has ahead
MAX_RUNS = 100
MIN_TIME = timedelta(hours=1)  # that each schedule is planned ahead
MAX_TIME = timedelta(days=100)

_OF_A_FIRST_STATE = ("id", "type", "name", "timestamp", "message", "data", "state_details", "flow_run")


def schedule_deployment_runs(
    *,
    deployment_id: UUID,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    min_time: timedelta | None = None,
    min_runs: int | None = None,
    max_runs: int | None = None,
) -> list[UUID]:
    """Plan the runs of every active schedule of a deployment, and return which of them are new.

    Each schedule gets at least `min_runs`, and as many as reach `start_time` (default: now) + `min_time`; never more
    than `max_runs`, and none after `end_time`. Runs that are planned already are left alone, so this may be called
    again, also by two at once. No event is emitted. A deployment that does not exist has no schedules, and one that
    cannot be worked out has no times.
    """
    deployment = Deployment.objects.select_related("work_queue").filter(pk=deployment_id).first()
    if deployment is None:
        return []
    schedules = DeploymentSchedule.objects.active().filter(deployment=deployment).order_by("pk")
    at = now()
    start = start_time or at
    end = end_time or start + MAX_TIME
    until = start + (MIN_TIME if min_time is None else min_time)
    least = MIN_RUNS if min_runs is None else min_runs
    most = max(MAX_RUNS if max_runs is None else max_runs, 1)
    runs: list[FlowRun] = []
    for schedule in schedules:
        try:
            times = list(first_times(times_of(schedule.schedule, start=start, end=end, most=most), least, until))
        except CannotBePlanned as problem:
            logger.warning("Schedule %s of deployment %s: %s", schedule, deployment.pk, problem)
            continue
        runs += runs_at(deployment, schedule, times, at=at)
    return insert_planned_runs(runs)


def runs_at(
    deployment: Deployment, schedule: DeploymentSchedule, times: Iterable[datetime], *, at: datetime
) -> Iterator[FlowRun]:
    """A run of the schedule for each of these times; they are not stored. `at` is now.

    Reads the deployment's queue when it is not loaded, and nothing else.
    """
    columns = {**_usual_columns(), **_columns_of_runs(deployment, schedule), "created": at, "state_timestamp": at}
    key = f"scheduled {deployment.pk} {schedule.pk}"
    for due in times:
        run_id, when = uuid7(), due.astimezone(UTC)
        details = {"flow_run_id": str(run_id), "scheduled_time": format_time(when)}
        state = State(type=StateType.SCHEDULED, message="Flow run scheduled", details=details, timestamp=at)
        columns |= {
            "id": run_id,
            "name": generate_name(),
            "idempotency_key": f"{key} {due}",
            "expected_start_time": when,
            "next_scheduled_start_time": when,
            "state": state.to_wire(),
            "state_type": state.type.value,
            "state_name": state.name,
        }
        yield made(FlowRun, **columns)


def insert_planned_runs(runs: Sequence[FlowRun]) -> list[UUID]:
    """Store those that are not planned yet, and return their identifiers. Of one schedule and time there is one run."""
    if not runs:
        return []
    with transaction.atomic():
        new = insert_unknown_rows(runs)
        forget_hours(Counted.FLOW_RUNS, [run.expected_start_time for run in new])
        insert_values(FlowRunState, _OF_A_FIRST_STATE, [_first_state(run) for run in new])
        insert_values(FlowRunTag, ("flow_run", "tag"), [(run.pk, tag) for run in new for tag in run.tags])
    return [run.pk for run in new]


def forget_planned_runs(*, deployment_id: UUID, future_only: bool = False, by_hand_too: bool = False) -> None:
    """Delete the runs of a deployment that have not begun: those of schedules, or those that people planned as well.

    `future_only` leaves those that are due. A run that waits for a slot has its turn, and stays. The scheduler plans
    anew what is to be planned.
    """
    # First: it waits for a scheduler that is just planning, whose runs are then among those that are deleted.
    planned_from = plan_anew(deployment_id=deployment_id)
    runs = _not_begun(deployment_id, by_hand_too=by_hand_too)
    if future_only:
        runs = runs.filter(next_scheduled_start_time__gt=planned_from)
    # Each is looked at again once it is locked: one that a worker takes in this moment has begun.
    locked = _locked(runs)
    if locked:
        FlowRun.objects.filter(pk__in=locked).delete()


def lock_planned_runs(*, deployment_id: UUID) -> None:
    """For those who are going to lock the deployment's limit as well: whoever takes a run locks it before the limit."""
    _locked(_not_begun(deployment_id))


def _not_begun(deployment_id: UUID, *, by_hand_too: bool = False) -> QuerySet[FlowRun]:
    runs = FlowRun.objects.not_begun().filter(deployment=deployment_id).exclude(state_name=AWAITING_SLOT)
    return runs if by_hand_too else runs.filter(auto_scheduled=True)


def _locked(runs: QuerySet[FlowRun]) -> list[UUID]:
    return list(runs.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def _columns_of_runs(deployment: Deployment, schedule: DeploymentSchedule) -> dict[str, Any]:
    queue = deployment.work_queue
    labels = {"prefect.flow.id": str(deployment.flow_id), "prefect.deployment.id": str(deployment.pk)}
    return {
        "flow_id": deployment.flow_id,
        "deployment_id": deployment.pk,
        "deployment_version": deployment.version,
        "work_queue_id": deployment.work_queue_id,
        "work_queue_name": queue.name if queue else None,
        "infrastructure_document_id": deployment.infrastructure_document_id,
        "parameters": {**deployment.parameters, **schedule.parameters},
        "tags": list(dict.fromkeys([AUTO_SCHEDULED, *deployment.tags])),
        "labels": {**deployment.labels, **labels},
        "job_variables": {},  # the deployment's count as they are when the run begins
        "auto_scheduled": True,
        "created_by": {"id": str(schedule.pk), "type": "SCHEDULE", "display_value": schedule.slug or schedule.kind},
    }


@cache
def _usual_columns() -> dict[str, Any]:
    """Those of a run of which nothing is said."""
    blank = FlowRun()
    return {field.attname: getattr(blank, field.attname) for field in FlowRun._meta.concrete_fields}


def _first_state(run: FlowRun) -> tuple[Any, ...]:
    state: Any = run.state
    return (
        UUID(state["id"]),
        run.state_type,
        run.state_name,
        run.state_timestamp,
        state["message"],
        state["data"],
        state["state_details"],
        run.pk,
    )
