"""The runs that a deployment's schedules plan ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from deployments.models import Deployment, DeploymentSchedule
from deployments.services.schedule_times import first_times, times_of
from orchestrator.contract.names import generate_name
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.statements.writing import insert_rows
from runs.models import FlowRun, FlowRunState, FlowRunTag

AUTO_SCHEDULED = "auto-scheduled"  # the tag of runs that a schedule planned
AWAITING_SLOT = "AwaitingConcurrencySlot"
MIN_RUNS = 3  # that each schedule has ahead
MAX_RUNS = 100
MIN_TIME = timedelta(hours=1)  # that each schedule is planned ahead
MAX_TIME = timedelta(days=100)


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
    again, also by two at once. No event is emitted. A deployment that does not exist has no schedules.
    """
    deployment = Deployment.objects.select_related("work_queue").filter(pk=deployment_id).first()
    if deployment is None:
        return []
    schedules = list(DeploymentSchedule.objects.active().filter(deployment=deployment).order_by("pk"))
    start = start_time or now()
    runs = [
        run
        for schedule in schedules
        for run in planned_runs(
            deployment,
            schedule,
            start=start,
            end=end_time or start + MAX_TIME,
            min_time=MIN_TIME if min_time is None else min_time,
            min_runs=MIN_RUNS if min_runs is None else min_runs,
            max_runs=MAX_RUNS if max_runs is None else max_runs,
        )
    ]
    return insert_planned_runs(runs)


def planned_runs(
    deployment: Deployment,
    schedule: DeploymentSchedule,
    *,
    start: datetime,
    end: datetime,
    min_time: timedelta = MIN_TIME,
    min_runs: int = MIN_RUNS,
    max_runs: int = MAX_RUNS,
) -> Iterator[FlowRun]:
    """The runs of one schedule, as `schedule_deployment_runs` says; they are not stored.

    Reads the deployment's queue when it is not loaded, and nothing else.
    """
    times = times_of(schedule.schedule, start=start, end=end, most=max(max_runs, 1))
    columns = _columns_of_runs(deployment, schedule)
    for due in first_times(times, least=min_runs, until=start + min_time):
        run = FlowRun(
            **columns,
            name=generate_name(),
            idempotency_key=f"scheduled {deployment.pk} {schedule.pk} {due.isoformat()}",
            expected_start_time=due.astimezone(UTC),
            next_scheduled_start_time=due.astimezone(UTC),
        )
        details = {"flow_run_id": str(run.pk), "scheduled_time": format_time(due)}
        state = State(type=StateType.SCHEDULED, message="Flow run scheduled", details=details)
        run.state, run.state_type, run.state_name = state.to_wire(), state.type.value, state.name
        run.state_timestamp = state.timestamp
        yield run


def insert_planned_runs(runs: Sequence[FlowRun]) -> list[UUID]:
    """Store those that are not planned yet, and return their identifiers. Of one schedule and time there is one run."""
    if not runs:
        return []
    with transaction.atomic():
        insert_rows(runs, skip_known=True)
        stored = set(FlowRun.objects.filter(pk__in=[run.pk for run in runs]).values_list("pk", flat=True))
        new = [run for run in runs if run.pk in stored]
        insert_rows([_first_state(run) for run in new])
        insert_rows([FlowRunTag(flow_run_id=run.pk, tag=tag) for run in new for tag in run.tags])
    return [run.pk for run in new]


def forget_planned_runs(*, deployment_id: UUID, future_only: bool = False, by_hand_too: bool = False) -> None:
    """Delete the runs of a deployment that have not begun: those of schedules, or those that people planned as well.

    `future_only` leaves those that are due. A run that waits for a slot has its turn, and stays.
    """
    runs = FlowRun.objects.not_begun().filter(deployment=deployment_id).exclude(state_name=AWAITING_SLOT)
    if not by_hand_too:
        runs = runs.filter(auto_scheduled=True)
    if future_only:
        runs = runs.filter(next_scheduled_start_time__gt=now())
    runs.delete()


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
        "auto_scheduled": True,
        "created_by": {"id": str(schedule.pk), "type": "SCHEDULE", "display_value": schedule.slug or schedule.kind},
    }


def _first_state(run: FlowRun) -> FlowRunState:
    state: Any = run.current_state
    return FlowRunState(
        id=state.id,
        flow_run_id=run.pk,
        type=state.type.value,
        name=state.name,
        timestamp=state.timestamp,
        message=state.message,
        data=state.data,
        state_details=state.details,
    )
