"""Flow runs: planned, changed, deleted. Their states change in `transitions`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from orchestrator.contract.names import generate_name
from orchestrator.contract.states import State, StateType
from orchestrator.statements.reading import PreparedQuery
from orchestrator.statements.writing import insert_values
from orchestrator.store.services.block_documents import find_block_document
from runs.errors import ParentNotFound, RunNotFound, UpdateRefused
from runs.models import Flow, FlowRun, FlowRunTag, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.once import find_or_create
from runs.services.places import find_work_queue
from runs.services.transitions import store_in_first_state
from runs.services.variable_checks import check_job_variables

_KEPT_BY_RULES = frozenset({"pause_keys", "resuming", "retry_type"})  # in a run's policy, beside what clients choose


@dataclass(frozen=True, slots=True)
class Plan:
    """A flow run that is to be. `name` None means that one is made up; `state` None means PENDING."""

    flow_id: UUID
    name: str | None = None
    state: State | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    empirical_policy: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    labels: dict[str, Any] = field(default_factory=dict)
    parent_task_run_id: UUID | None = None
    idempotency_key: str | None = None
    deployment_id: UUID | None = None
    deployment_version: str | None = None
    work_pool_name: str | None = None  # finds the queue of a run without a deployment
    work_queue_id: UUID | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] | None = None
    auto_scheduled: bool = False
    infrastructure_document_id: UUID | None = None
    created_by: dict[str, Any] | None = None
    # Of flow, deployment and work_queue those that the caller has read already; the others are read.
    rows: dict[str, Any] = field(default_factory=dict)


_flow = PreparedQuery(lambda flow_id: Flow.objects.filter(pk=flow_id), "flow_id")


def create_flow_run(*, plan: Plan) -> tuple[FlowRun, bool]:
    """The planned run, and whether it is new: a second plan with the same flow and idempotency key gets the first run.

    Raises ParentNotFound when the flow, the deployment, the parent task run or the infrastructure's block document
    does not exist, and PlaceNotFound when the work pool or its queue does not.
    """
    return find_or_create(find=lambda: _planned_before(plan), create=lambda: _create(plan))


def update_flow_run(*, flow_run_id: UUID, changes: dict[str, Any]) -> FlowRun:
    """Set the given columns. Raises RunNotFound, UpdateRefused for job variables of a run that is under way, and the
    errors of `check_job_variables` for those that do not suit its work pool."""
    with transaction.atomic():
        run = FlowRun.objects.select_for_update().filter(pk=flow_run_id).first()
        if run is None:
            raise RunNotFound(RunKind.FLOW_RUN, flow_run_id)
        asked = changes.get("job_variables") is not None
        if asked and (run.deployment_id is None or run.state_type != StateType.SCHEDULED):
            raise UpdateRefused("Job variables can be changed only while a deployment's run is SCHEDULED.")
        if asked:
            check_job_variables(run, changes["job_variables"])
        if "empirical_policy" in changes:
            changes = {**changes, "empirical_policy": {**_remembered(run), **changes["empirical_policy"]}}
        for column, value in changes.items():
            setattr(run, column, value)
        run.save(update_fields=[*changes, "updated"])
        if "tags" in changes:
            _write_tags(run)
    return run


def merge_labels(*, flow_run_id: UUID, labels: dict[str, Any]) -> None:
    """Add to the run's labels; a label of the same key is replaced. Raises RunNotFound."""
    with transaction.atomic():
        run = FlowRun.objects.select_for_update().filter(pk=flow_run_id).first()
        if run is None:
            raise RunNotFound(RunKind.FLOW_RUN, flow_run_id)
        run.labels = {**run.labels, **labels}
        run.save(update_fields=["labels", "updated"])


def delete_flow_run(*, flow_run_id: UUID) -> None:
    """With its task runs and states; events and logs stay until clean-up. Raises RunNotFound."""
    with transaction.atomic():
        # The run before its claims, as everybody locks them.
        if not FlowRun.objects.select_for_update().filter(pk=flow_run_id).exists():
            raise RunNotFound(RunKind.FLOW_RUN, flow_run_id)
        FlowRun.objects.filter(pk=flow_run_id).delete()


def _remembered(run: FlowRun) -> dict[str, Any]:
    """What the rules keep in the run's policy; it stays when a client sends a policy without it."""
    return {key: value for key, value in run.empirical_policy.items() if key in _KEPT_BY_RULES}


def _planned_before(plan: Plan) -> FlowRun | None:
    if plan.idempotency_key is None:
        return None
    return FlowRun.objects.filter(flow_id=plan.flow_id, idempotency_key=plan.idempotency_key).first()


def _create(plan: Plan) -> FlowRun:
    flow = plan.rows.get("flow") or _flow.first(flow_id=plan.flow_id)
    if flow is None:
        raise ParentNotFound(f"Flow {plan.flow_id} does not exist.")
    parent = None
    if plan.parent_task_run_id is not None:
        parent = TaskRun.objects.filter(pk=plan.parent_task_run_id).first()
        if parent is None:
            raise ParentNotFound(f"Task run {plan.parent_task_run_id} does not exist.")
    rows = dict(plan.rows)
    if plan.deployment_id is not None and "deployment" not in rows:
        rows["deployment"] = _deployment(plan.deployment_id)
    _refuse_missing_document(plan)
    if plan.work_pool_name:
        queue = find_work_queue(work_pool_name=plan.work_pool_name, work_queue_name=plan.work_queue_name)
        rows["work_queue"] = queue
        plan = replace(plan, work_queue_id=queue.pk, work_queue_name=queue.name)
    labels = {**flow.labels, "prefect.flow.id": str(flow.pk), **plan.labels}
    run = FlowRun(
        flow=flow,
        name=plan.name or generate_name(),
        flow_version=plan.flow_version,
        parameters=plan.parameters,
        context=plan.context,
        empirical_policy=plan.empirical_policy,
        tags=_unique(plan.tags),
        labels=labels,
        parent_task_run=parent,
        idempotency_key=plan.idempotency_key,
        deployment_id=plan.deployment_id,
        deployment_version=plan.deployment_version,
        work_queue_id=plan.work_queue_id,
        work_queue_name=plan.work_queue_name,
        job_variables=plan.job_variables,
        auto_scheduled=plan.auto_scheduled,
        infrastructure_document_id=plan.infrastructure_document_id,
        created_by=plan.created_by,
    )
    for relation in rows.keys() - {"flow"}:
        setattr(run, relation, rows[relation])
    store_in_first_state(run, kind=RunKind.FLOW_RUN, state=plan.state or State(type=StateType.PENDING))
    insert_values(FlowRunTag, ("flow_run", "tag"), [(run.pk, tag) for tag in run.tags])
    return run


def _deployment(deployment_id: UUID) -> Any:
    # Reached through the relation, because deployments are not known here.
    deployments = FlowRun._meta.get_field("deployment").related_model
    found = deployments._default_manager.filter(pk=deployment_id).first()
    if found is None:
        raise ParentNotFound(f"Deployment {deployment_id} does not exist.")
    return found


def _refuse_missing_document(plan: Plan) -> None:
    """What the run takes over from its deployment was looked at there."""
    document_id = plan.infrastructure_document_id
    if document_id is None or document_id == getattr(plan.rows.get("deployment"), "infrastructure_document_id", None):
        return
    if find_block_document(document_id) is None:
        raise ParentNotFound(f"Block document {document_id} does not exist.")


def _write_tags(run: FlowRun) -> None:
    run.tag_rows.all().delete()
    FlowRunTag.objects.bulk_create([FlowRunTag(flow_run=run, tag=tag) for tag in _unique(run.tags)])


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))
