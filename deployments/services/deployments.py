"""Deployments: applied, changed, paused, deleted. Their runs are made in `deployment_runs`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from deployments.errors import DeploymentNotFound, InvalidParameters, ParentNotFound
from deployments.models import Deployment
from deployments.services.concurrency import drop_deployment_limits, set_deployment_limit
from deployments.services.job_variables import check_variables_of_deployment, misfit_of_changed_variables
from deployments.services.parameters import check_parameters
from deployments.services.pausing import PAUSE_COLUMNS, Author, note_pause
from deployments.services.planned_runs import forget_planned_runs
from deployments.services.planning_anew import plan_anew
from deployments.services.queue_choice import choose_queue
from deployments.services.resources import emit_of_deployment, payload_of_update
from deployments.services.schedules import Columns, replace_schedules, update_schedules
from deployments.services.versions import versioned
from deployments.services.work_pools import get_work_pool
from orchestrator.store.services.block_documents import find_block_document
from orchestrator.store.services.hydration import hydrate
from runs.models import Flow

_QUEUE = ("work_pool_name", "work_queue_name")
_LIMIT = ("concurrency_limit", "global_concurrency_limit_id")
# The columns whose change is told, under the names that the contract has for them.
_TOLD = {
    "description": "description",
    "tags": "tags",
    "parameters": "parameters",
    "parameter_openapi_schema": "parameter_openapi_schema",
    "enforce_parameter_schema": "enforce_parameter_schema",
    "entrypoint": "entrypoint",
    "path": "path",
    "pull_steps": "pull_steps",
    "work_queue_id": "work_queue_id",
    "job_variables": "infra_overrides",
    "paused": "paused",
    "labels": "labels",
    "version": "version",
    "global_concurrency_limit_id": "concurrency_limit_id",
    "concurrency_options": "concurrency_options",
}


def apply_deployment(
    *,
    flow_id: UUID,
    name: str,
    changes: dict[str, Any],
    labels: dict[str, Any] | None = None,
    schedules: Sequence[Columns] = (),
    defaults: dict[str, Any] | None = None,
    version_info: Mapping[str, Any] | None = None,
    author: Mapping[str, Any] | None = None,
) -> tuple[Deployment, bool]:
    """The flow's deployment of this name, with the given columns set, and whether it is new: then with `defaults` too.

    Labels and schedules become those given, and the flow's labels are added. `changes` may hold `work_pool_name` and
    `work_queue_name` (see `choose_queue`), and limits (see `set_deployment_limit`). The runs that schedules planned
    ahead are forgotten. `version_info` and `author` are kept with the version that comes of it, if it is a change.
    Raises ParentNotFound for the flow and for blocks, WorkPoolNotFound, InvalidJobVariables,
    ConcurrencyLimitNotFound and AlreadyExists for two schedules of one slug.
    """
    try:
        with transaction.atomic():
            return _apply(flow_id, name, changes, labels or {}, schedules, defaults or {}, version_info, author)
    except IntegrityError:
        if not Deployment.objects.filter(flow=flow_id, name=name).exists():
            raise
    # Somebody else made it at the same moment.
    with transaction.atomic():
        return _apply(flow_id, name, changes, labels or {}, schedules, defaults or {}, version_info, author)


def update_deployment(
    *,
    deployment_id: UUID,
    changes: dict[str, Any],
    schedules: Sequence[Columns] | None = None,
    version_info: Mapping[str, Any] | None = None,
    author: Mapping[str, Any] | None = None,
) -> Deployment:
    """Set the given columns; `schedules` None: none were sent (see `update_schedules`).

    The runs that schedules planned ahead are forgotten. Raises DeploymentNotFound, WorkPoolNotFound,
    InvalidParameters, InvalidSchedules, ConcurrencyLimitNotFound, ParentNotFound for blocks, and HydrationFailed.
    """
    with changed_deployment(deployment_id, version_info=version_info, author=author) as deployment:
        if "parameters" in changes:
            hydrated = hydrate(changes["parameters"], doing="deployment parameters")
            changes = {**changes, "parameters": hydrated}
        if changes.get("work_pool_name"):
            _check_changed_variables(changes)
        choose_queue(deployment, changes, null_clears=True)
        was_paused = deployment.paused
        _set_columns(deployment, changes)
        note_pause(deployment, before=was_paused, author=author)
        if deployment.enforce_parameter_schema:
            check_parameters(deployment, deployment.parameters, partial=True)
        update_schedules(deployment, schedules, author=author)
        deployment.save()
        set_deployment_limit(deployment=deployment, changes=changes)
    return deployment


@contextmanager
def changed_deployment(deployment_id: UUID, **of_version: Any) -> Iterator[Deployment]:
    """The deployment, locked in a transaction, for somebody who changes and saves it, and its schedules.

    Afterwards what its schedules planned is forgotten, and the change is in its history (`of_version`, see
    `versioned`) and told. Raises DeploymentNotFound.
    """
    with transaction.atomic():
        deployment = locked_deployment(deployment_id)
        before = _told_columns(deployment)
        with versioned(deployment, **of_version):
            yield deployment
        forget_planned_runs(deployment_id=deployment.pk, future_only=True)
        _tell_changes(deployment, before)


def locked_deployment(deployment_id: UUID) -> Deployment:
    """For changing it, inside a transaction. Raises DeploymentNotFound."""
    rows = Deployment.objects.select_related("flow", "work_queue__work_pool").select_for_update(of=("self",))
    deployment = rows.filter(pk=deployment_id).first()
    if deployment is None:
        raise DeploymentNotFound
    return deployment


def pause_deployment(*, deployment_id: UUID, author: Author = None) -> Deployment:
    """Plan no more runs, and forget those that schedules planned. Raises DeploymentNotFound."""
    with transaction.atomic():
        deployment = _switched(deployment_id, paused=True, author=author)
        forget_planned_runs(deployment_id=deployment.pk)
    return deployment


def resume_deployment(*, deployment_id: UUID) -> Deployment:
    """Plan runs again, from now on. Raises DeploymentNotFound."""
    with transaction.atomic():
        deployment = _switched(deployment_id, paused=False, author=None)
        plan_anew(deployment_id=deployment.pk, from_now=True)
    return deployment


def delete_deployment(*, deployment_id: UUID) -> None:
    """With its runs that have not begun; past runs stay. Raises DeploymentNotFound."""
    with transaction.atomic():
        _delete(locked_deployment(deployment_id))


def delete_deployments(*, deployment_ids: Iterable[UUID]) -> list[UUID]:
    """Several at once. Returns those that there were."""
    with transaction.atomic():
        rows = Deployment.objects.select_for_update(of=("self",)).filter(pk__in=list(deployment_ids)).order_by("pk")
        deployments = list(rows)
        deleted = [deployment.pk for deployment in deployments]
        for deployment in deployments:
            _delete(deployment)
    return deleted


def _apply(
    flow_id: UUID,
    name: str,
    changes: dict[str, Any],
    labels: dict[str, Any],
    schedules: Sequence[Columns],
    defaults: dict[str, Any],
    version_info: Mapping[str, Any] | None,
    author: Mapping[str, Any] | None,
) -> tuple[Deployment, bool]:
    flow = Flow.objects.filter(pk=flow_id).first()
    if flow is None:
        raise ParentNotFound(f"Flow {flow_id} does not exist.")
    if changes.get("work_pool_name"):
        check_variables_of_deployment(get_work_pool(changes["work_pool_name"]), changes.get("job_variables"))
    deployment = Deployment.objects.select_for_update(of=("self",)).filter(flow=flow, name=name).first()
    created = deployment is None
    if deployment is None:
        deployment = Deployment(flow=flow, name=name, **defaults)
    before = _told_columns(deployment)
    was_paused = deployment.paused and not created
    with versioned(deployment, version_info=version_info, author=author):
        choose_queue(deployment, changes, null_clears=False)
        _set_columns(deployment, changes)
        note_pause(deployment, before=was_paused, author=author)
        deployment.labels = {**flow.labels, "prefect.flow.id": str(flow.pk), **labels}
        deployment.save(force_insert=created)
        set_deployment_limit(deployment=deployment, changes=changes)
        replace_schedules(deployment, schedules, author=author)
    if created:
        emit_of_deployment(deployment, "created")
    else:
        forget_planned_runs(deployment_id=deployment.pk, future_only=True)
        _tell_changes(deployment, before)
    return deployment, created


def _check_changed_variables(changes: dict[str, Any]) -> None:
    pool = get_work_pool(changes["work_pool_name"])
    problem = misfit_of_changed_variables(pool, changes.get("job_variables"))
    if problem is not None:
        raise InvalidParameters(f"Error updating deployment: the job variables do not fit the work pool: {problem}")


def _set_columns(deployment: Deployment, changes: dict[str, Any]) -> None:
    refuse_missing_blocks(changes)
    for column, value in changes.items():
        if column not in _QUEUE and column not in _LIMIT:
            setattr(deployment, column, value)


def refuse_missing_blocks(columns: Mapping[str, Any]) -> None:
    """Raises ParentNotFound when a block that the columns refer to does not exist."""
    _refuse_missing_block(columns.get("infrastructure_document_id"), "infrastructure")
    _refuse_missing_block(columns.get("storage_document_id"), "storage")


def _refuse_missing_block(document_id: UUID | None, what: str) -> None:
    if document_id is not None and find_block_document(document_id) is None:
        raise ParentNotFound(
            f"Error creating deployment. Could not find {what} block with id: {document_id}. It may exist on another "
            "server, against which the deployment was prepared."
        )


def _switched(deployment_id: UUID, *, paused: bool, author: Author) -> Deployment:
    deployment = locked_deployment(deployment_id)
    before, was_paused = _told_columns(deployment), deployment.paused
    deployment.paused = paused
    note_pause(deployment, before=was_paused, author=author)
    deployment.save(update_fields=["paused", "updated", *PAUSE_COLUMNS])
    _tell_changes(deployment, before)
    return deployment


def _delete(deployment: Deployment) -> None:
    forget_planned_runs(deployment_id=deployment.pk, by_hand_too=True)
    emit_of_deployment(deployment, "deleted")
    drop_deployment_limits(deployment_ids=[deployment.pk])
    deployment.delete()


def _told_columns(deployment: Deployment) -> dict[str, Any]:
    values = {told: getattr(deployment, column) for column, told in _TOLD.items()}
    return {told: str(value) if isinstance(value, UUID) else value for told, value in values.items()}


def _tell_changes(deployment: Deployment, before: dict[str, Any]) -> None:
    payload = payload_of_update(before, _told_columns(deployment))
    if payload is not None:
        emit_of_deployment(deployment, "updated", payload)
