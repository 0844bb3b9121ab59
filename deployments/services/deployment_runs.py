"""Runs of a deployment that somebody asks for, one or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import transaction

from deployments.errors import DeploymentNotFound, DeploymentsError
from deployments.models import Deployment
from deployments.services.job_variables import check_variables_of_run
from deployments.services.parameters import check_parameters
from deployments.services.queue_choice import queue_of_run
from orchestrator.contract.states import State, StateType
from orchestrator.rest.value_schemas import BadSchema
from orchestrator.statements.reading import PreparedQuery
from orchestrator.store.errors import HydrationFailed
from orchestrator.store.services.hydration import hydrate
from runs.errors import RunsError
from runs.models import FlowRun
from runs.services.flow_runs import Plan, create_flow_run

_PARAMETERS = "flow run parameters"  # as messages call them
MOST = 100  # runs that one call of `create_deployment_runs` makes
SECONDS_OF_TEMPLATES = 10.0  # that it gives to the templates of all of them
Parameters = dict[str, Any]

_deployment_to_run = PreparedQuery(
    lambda deployment_id: Deployment.objects.select_related("flow", "work_queue__work_pool").filter(pk=deployment_id),
    "deployment_id",
)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What somebody wants of a run; None leaves it to the deployment. `state` None is SCHEDULED for now."""

    state: State | None = None
    name: str | None = None
    parameters: dict[str, Any] | None = None
    enforce_parameter_schema: bool | None = None
    context: dict[str, Any] | None = None
    tags: Sequence[str] = ()
    labels: dict[str, Any] | None = None
    idempotency_key: str | None = None
    parent_task_run_id: UUID | None = None
    job_variables: dict[str, Any] | None = field(default_factory=dict)  # None: kept as null, which adds nothing too
    empirical_policy: dict[str, Any] | None = None
    work_queue_name: str | None = None
    infrastructure_document_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one request among many: the run, or why there is none."""

    run: FlowRun | None = None
    error: str | None = None


def create_deployment_run(
    *, deployment_id: UUID, request: RunRequest | None = None, created_by: dict[str, Any] | None = None
) -> tuple[FlowRun, bool]:
    """Plan a run of the deployment. Also says whether the run is new (see `create_flow_run`).

    The deployment's parameters are overlaid with the given ones, its tags are added to. Raises DeploymentNotFound,
    HydrationFailed, InvalidParameters, InvalidJobVariables, BadSchema, and UpdateRefused for a queue of a deployment
    that has no pool.
    """
    deployment, wanted = _found(deployment_id), request or RunRequest()
    return _create(deployment, wanted, _hydrated(deployment, wanted), created_by)


def create_deployment_runs(
    *, deployment_id: UUID, requests: Sequence[RunRequest], created_by: dict[str, Any] | None = None
) -> list[Outcome]:
    """Plan several runs in one transaction; what is wrong with one of them stops no other.

    Raises DeploymentNotFound.
    """
    deployment = _found(deployment_id)
    # Before the transaction: templates may take seconds, for which nobody else could write.
    parameters = _each_hydrated(deployment, requests)
    with transaction.atomic():
        return [
            _outcome(deployment, request, given, created_by)
            for request, given in zip(requests, parameters, strict=True)
        ]


def _each_hydrated(deployment: Deployment, requests: Sequence[RunRequest]) -> list[Parameters | HydrationFailed]:
    """The parameters of each request, or why there are none."""
    until = monotonic() + SECONDS_OF_TEMPLATES
    found: list[Parameters | HydrationFailed] = []
    for request in requests:
        try:
            if monotonic() >= until:
                raise HydrationFailed("The templates of the runs before it took too long.")
            found.append(_hydrated(deployment, request))
        except HydrationFailed as error:
            found.append(error)
    return found


def _hydrated(deployment: Deployment, request: RunRequest) -> Parameters:
    return hydrate({**deployment.parameters, **(request.parameters or {})}, doing=_PARAMETERS)


def _outcome(
    deployment: Deployment,
    request: RunRequest,
    parameters: Parameters | HydrationFailed,
    created_by: dict[str, Any] | None,
) -> Outcome:
    try:
        if isinstance(parameters, HydrationFailed):
            raise parameters
        with transaction.atomic():
            run, _ = _create(deployment, request, parameters, created_by)
    except (DeploymentsError, RunsError, BadSchema, HydrationFailed) as error:
        return Outcome(error=str(error).removeprefix(f"Error hydrating {_PARAMETERS}: "))
    return Outcome(run=run)


def _create(
    deployment: Deployment, request: RunRequest, parameters: Parameters, created_by: dict[str, Any] | None
) -> tuple[FlowRun, bool]:
    enforce = request.enforce_parameter_schema
    if deployment.enforce_parameter_schema if enforce is None else enforce:
        check_parameters(deployment, parameters)
    if deployment.work_queue is not None:
        check_variables_of_run(deployment.work_queue.work_pool, deployment.job_variables, request.job_variables)
    queue = queue_of_run(deployment, request.work_queue_name)
    plan = Plan(
        flow_id=deployment.flow_id,
        name=request.name,
        state=request.state or State(type=StateType.SCHEDULED),
        parameters=parameters,
        context=request.context or {},
        empirical_policy=request.empirical_policy or {},
        tags=[*deployment.tags, *request.tags],
        labels={**deployment.labels, "prefect.deployment.id": str(deployment.pk), **(request.labels or {})},
        parent_task_run_id=request.parent_task_run_id,
        idempotency_key=request.idempotency_key,
        deployment_id=deployment.pk,
        deployment_version=deployment.version,
        work_queue_id=queue.pk if queue else None,
        work_queue_name=queue.name if queue else None,
        job_variables=request.job_variables,
        infrastructure_document_id=request.infrastructure_document_id or deployment.infrastructure_document_id,
        created_by=created_by,
        rows={"flow": deployment.flow, "deployment": deployment, "work_queue": queue},
    )
    return create_flow_run(plan=plan)


def _found(deployment_id: UUID) -> Deployment:
    deployment = _deployment_to_run.first(deployment_id=deployment_id)
    if deployment is None:
        raise DeploymentNotFound
    return deployment
