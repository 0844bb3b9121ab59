"""Deployments: applied, changed, deleted, run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from jsonschema import Draft202012Validator

from deployments.errors import AlreadyExists, DeploymentNotFound, InvalidParameters, ParentNotFound, UpdateRefused
from deployments.models import Deployment, WorkQueue
from deployments.services.work_pools import ensure_work_queue, get_work_pool
from orchestrator.contract.events import resource
from orchestrator.contract.states import State, StateType
from orchestrator.events.emit import emit
from orchestrator.statements.reading import PreparedQuery
from runs.models import Flow, FlowRun
from runs.services.flow_runs import Plan, create_flow_run

_deployment_to_run = PreparedQuery(
    lambda deployment_id: Deployment.objects.select_related("flow", "work_queue__work_pool").filter(pk=deployment_id),
    "deployment_id",
)


def apply_deployment(
    *, flow_id: UUID, name: str, changes: dict[str, Any], defaults: dict[str, Any] | None = None
) -> tuple[Deployment, bool]:
    """The flow's deployment of this name, with the given columns set, and whether it is new: then with `defaults` too.

    `changes` may hold `work_pool_name` and `work_queue_name`: a queue that is missing is made, a pool without a queue
    means its default one. Raises ParentNotFound for the flow and WorkPoolNotFound.
    """
    with transaction.atomic():
        flow = Flow.objects.filter(pk=flow_id).first()
        if flow is None:
            raise ParentNotFound(f"Flow {flow_id} does not exist.")
        deployment = Deployment.objects.select_for_update(of=("self",)).filter(flow=flow, name=name).first()
        created = deployment is None
        if created or "labels" in changes:
            labels = {**flow.labels, "prefect.flow.id": str(flow.pk), **changes.get("labels", {})}
            changes = {**changes, "labels": labels}
        if deployment is None:
            deployment = Deployment(flow=flow, name=name, **(defaults or {}))
        _set(deployment, changes)
        deployment.save(force_insert=created)
        _emit(deployment, "created" if created else "updated", changes)
    return deployment, created


def update_deployment(*, deployment_id: UUID, changes: dict[str, Any]) -> Deployment:
    """Set the given columns. Raises DeploymentNotFound, WorkPoolNotFound and InvalidParameters."""
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update(of=("self",)).filter(pk=deployment_id).first()
        if deployment is None:
            raise DeploymentNotFound
        _set(deployment, changes)
        if "parameters" in changes and deployment.enforce_parameter_schema:
            _check_parameters(deployment, deployment.parameters, partial=True)
        try:
            deployment.save()
        except IntegrityError:
            raise AlreadyExists(f"The flow has another deployment named {deployment.name!r}.") from None
        _emit(deployment, "updated", changes)
    return deployment


def delete_deployment(*, deployment_id: UUID) -> None:
    """With its runs that have not begun; past runs stay. Raises DeploymentNotFound."""
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update(of=("self",)).filter(pk=deployment_id).first()
        if deployment is None:
            raise DeploymentNotFound
        FlowRun.objects.filter(deployment=deployment).not_begun().delete()
        _emit(deployment, "deleted", {})
        deployment.delete()


def create_deployment_run(
    *,
    deployment_id: UUID,
    state: State | None = None,
    name: str | None = None,
    parameters: dict[str, Any] | None = None,
    enforce_parameter_schema: bool | None = None,
    context: dict[str, Any] | None = None,
    tags: list[str] | None = None,
    labels: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
    parent_task_run_id: UUID | None = None,
    job_variables: dict[str, Any] | None = None,
    empirical_policy: dict[str, Any] | None = None,
    work_queue_name: str | None = None,
) -> tuple[FlowRun, bool]:
    """Plan a run of the deployment, by default for now. Also says whether the run is new (see `create_flow_run`).

    The deployment's parameters are overlaid with the given ones, its tags are added to. Raises DeploymentNotFound,
    InvalidParameters, and UpdateRefused for a queue of a deployment that has no pool.
    """
    deployment = _deployment_to_run.first(deployment_id=deployment_id)
    if deployment is None:
        raise DeploymentNotFound
    merged = {**deployment.parameters, **(parameters or {})}
    enforce = deployment.enforce_parameter_schema if enforce_parameter_schema is None else enforce_parameter_schema
    if enforce:
        _check_parameters(deployment, merged, partial=False)
    queue = _queue_of_run(deployment, work_queue_name)
    plan = Plan(
        flow_id=deployment.flow_id,
        name=name,
        state=state or State(type=StateType.SCHEDULED),
        flow_version=deployment.version,
        parameters=merged,
        context=context or {},
        empirical_policy=empirical_policy or {},
        tags=[*deployment.tags, *(tags or [])],
        labels={**deployment.labels, "prefect.deployment.id": str(deployment.pk), **(labels or {})},
        parent_task_run_id=parent_task_run_id,
        idempotency_key=idempotency_key,
        deployment_id=deployment.pk,
        deployment_version=deployment.version,
        work_queue_id=queue.pk if queue else None,
        work_queue_name=queue.name if queue else None,
        job_variables=job_variables or {},
        infrastructure_document_id=deployment.infrastructure_document_id,
        rows={"flow": deployment.flow, "deployment": deployment, "work_queue": queue},
    )
    return create_flow_run(plan=plan)


def _queue_of_run(deployment: Deployment, work_queue_name: str | None) -> WorkQueue | None:
    queue = deployment.work_queue
    if work_queue_name is None:
        return queue
    if queue is None:
        raise UpdateRefused(
            f"Cannot use work queue {work_queue_name!r}: the deployment has no work pool to look for it in."
        )
    return ensure_work_queue(pool=queue.work_pool, name=work_queue_name)


def _set(deployment: Deployment, changes: dict[str, Any]) -> None:
    changes = dict(changes)
    pool_is_given, pool_name = "work_pool_name" in changes, changes.pop("work_pool_name", None)
    queue_name = changes.pop("work_queue_name", None)
    if pool_name is not None:
        pool = get_work_pool(pool_name)
        deployment.work_queue = ensure_work_queue(pool=pool, name=queue_name) if queue_name else pool.default_queue
    elif queue_name is not None and deployment.work_queue is not None:
        deployment.work_queue = ensure_work_queue(pool=deployment.work_queue.work_pool, name=queue_name)
    elif pool_is_given:
        deployment.work_queue = None
    for column, value in changes.items():
        setattr(deployment, column, value)


def _check_parameters(deployment: Deployment, parameters: dict[str, Any], *, partial: bool) -> None:
    """`partial`: a parameter that is required may be missing, because the run can still give it."""
    schema = deployment.parameter_openapi_schema
    if not schema:
        if partial:
            return
        raise InvalidParameters("Parameters cannot be checked: the deployment has no parameter schema.")
    if partial:
        schema = {key: value for key, value in schema.items() if key != "required"}
    error = next(iter(Draft202012Validator(schema).iter_errors(parameters)), None)
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path)
        raise InvalidParameters(f"Validation failed for field {where!r}. {error.message}" if where else error.message)


def _emit(deployment: Deployment, what: str, changes: dict[str, Any]) -> None:
    related = [resource("flow", deployment.flow_id, name=deployment.flow.name, role="flow")]
    queue = deployment.work_queue
    if queue is not None:
        pool = queue.work_pool
        related.append(resource("work-queue", queue.pk, name=queue.name, role="work-queue"))
        labels = {"prefect.work-pool.type": pool.type}
        related.append(resource("work-pool", pool.pk, name=pool.name, role="work-pool", **labels))
    emit(
        event=f"prefect.deployment.{what}",
        resource=resource("deployment", deployment.pk, name=deployment.name),
        related=related,
        payload={"updated_fields": sorted(changes)} if what == "updated" else {},
    )
