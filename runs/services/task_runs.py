"""Task runs that somebody creates by name: tracking task runs of subflows, background tasks, manual ones.

Ordinary task runs are recorded from events, in `task_run_recorder`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from orchestrator.contract.ids import uuid7
from orchestrator.contract.names import generate_name
from orchestrator.contract.states import State, StateType
from orchestrator.statements.writing import insert_rows
from runs.errors import ParentNotFound, RunNotFound
from runs.models import FlowRun, TaskRun, TaskRunTag
from runs.orchestration.transition import RunKind
from runs.services.once import find_or_create
from runs.services.transitions import store_in_first_state


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """A task run that is to be; PENDING unless another `state` is given."""

    task_key: str
    dynamic_key: str
    id: UUID | None = None
    flow_run_id: UUID | None = None
    name: str | None = None
    state: State | None = None
    task_version: str | None = None
    cache_key: str | None = None
    cache_expiration: datetime | None = None
    empirical_policy: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    labels: dict[str, Any] = field(default_factory=dict)
    task_inputs: dict[str, Any] = field(default_factory=dict)


def create_task_run(*, plan: TaskPlan) -> tuple[TaskRun, bool]:
    """The planned task run, and whether it is new: one flow run has one task run of a task key and dynamic key.

    Raises ParentNotFound when the flow run does not exist.
    """
    return find_or_create(find=lambda: _planned_before(plan), create=lambda: _create(plan))


def update_task_run(*, task_run_id: UUID, name: str | None) -> TaskRun:
    """None leaves the name as it is. Raises RunNotFound."""
    with transaction.atomic():
        run = TaskRun.objects.select_for_update().filter(pk=task_run_id).first()
        if run is None:
            raise RunNotFound(RunKind.TASK_RUN, task_run_id)
        run.name = run.name if name is None else name
        run.save(update_fields=["name", "updated"])
    return run


def delete_task_run(*, task_run_id: UUID) -> None:
    """Raises RunNotFound."""
    deleted, _ = TaskRun.objects.filter(pk=task_run_id).delete()
    if not deleted:
        raise RunNotFound(RunKind.TASK_RUN, task_run_id)


def _planned_before(plan: TaskPlan) -> TaskRun | None:
    known = TaskRun.objects.filter(
        flow_run=plan.flow_run_id, task_key=plan.task_key, dynamic_key=plan.dynamic_key
    ).first()
    if known is None and plan.flow_run_id is None and plan.id:
        known = TaskRun.objects.filter(pk=plan.id).first()
    return known


def _create(plan: TaskPlan) -> TaskRun:
    flow_run = None
    if plan.flow_run_id is not None:
        flow_run = FlowRun.objects.filter(pk=plan.flow_run_id).first()
        if flow_run is None:
            raise ParentNotFound(f"Flow run {plan.flow_run_id} does not exist.")
    run = TaskRun(
        id=plan.id or uuid7(),
        flow_run=flow_run,
        name=plan.name or generate_name(),
        task_key=plan.task_key,
        dynamic_key=plan.dynamic_key,
        task_version=plan.task_version,
        cache_key=plan.cache_key,
        cache_expiration=plan.cache_expiration,
        empirical_policy=plan.empirical_policy,
        tags=list(dict.fromkeys(plan.tags)),
        labels=_inherited_labels(flow_run) | plan.labels,
        task_inputs=plan.task_inputs,
    )
    store_in_first_state(run, kind=RunKind.TASK_RUN, state=plan.state or State(type=StateType.PENDING))
    insert_rows([TaskRunTag(task_run_id=run.pk, tag=tag) for tag in run.tags])
    return run


def _inherited_labels(flow_run: FlowRun | None) -> dict[str, Any]:
    return {} if flow_run is None else {**flow_run.labels, "prefect.flow-run.id": str(flow_run.pk)}
