"""What requests about deployments, pools, queues and workers carry.

What cannot be honoured yet is refused, with a sentence that says so.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, field_validator

from deployments.api.hydration import hydrated
from orchestrator.rest.bodies import Body, EmptyWhenNull, Labels, Name, Number, Tags, Time
from runs.api.bodies import FlowRunPolicy, StateCreate, small_enough

_PLACEHOLDER = re.compile(r"{{\s*([\w\-]+)\s*}}")


def _absent(what: str) -> AfterValidator:
    """Takes nothing but null and emptiness."""

    def refuse(value: Any) -> Any:
        if value not in (None, [], {}):
            raise ValueError(f"{what} are not supported by this server yet.")
        return value

    return AfterValidator(refuse)


NoSchedules = Annotated[list[dict[str, Any]] | None, _absent("Schedules of deployments")]
NoLimit = Annotated[int | None, _absent("Concurrency limits of deployments")]
NoOptions = Annotated[dict[str, Any] | None, _absent("Concurrency options of deployments")]
NoLimitId = Annotated[UUID | None, _absent("Concurrency limits of deployments")]
NoBlock = Annotated[UUID | None, _absent("Blocks")]


class _DeploymentColumns(Body):
    version: str | None = None
    description: str | None = None
    paused: bool = False
    schedules: NoSchedules = []
    concurrency_limit: NoLimit = None
    concurrency_options: NoOptions = None
    global_concurrency_limit_id: NoLimitId = None
    parameters: Annotated[dict[str, Any], EmptyWhenNull] = {}
    parameter_openapi_schema: dict[str, Any] | None = None
    tags: Tags = []
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    path: str | None = None
    job_variables: Annotated[dict[str, Any], EmptyWhenNull] = {}
    pull_steps: list[dict[str, Any]] | None = None
    entrypoint: str | None = None
    storage_document_id: NoBlock = None
    infrastructure_document_id: NoBlock = None
    version_info: dict[str, Any] | None = None  # there is no history of versions

    def changes(self) -> dict[str, Any]:
        """The columns that were sent."""
        changes = {key: value for key, value in self.given().items() if key not in _NOT_COLUMNS}
        if "parameters" in changes:
            changes["parameters"] = hydrated(changes["parameters"])
        return changes


_NOT_COLUMNS = frozenset(
    {
        "name",
        "flow_id",
        "schedules",
        "concurrency_limit",
        "concurrency_options",
        "global_concurrency_limit_id",
        "storage_document_id",
        "infrastructure_document_id",
        "version_info",
    }
)


class DeploymentCreate(_DeploymentColumns):
    name: Name
    flow_id: UUID
    enforce_parameter_schema: bool = True
    labels: Annotated[Labels, EmptyWhenNull] = {}

    def defaults(self) -> dict[str, Any]:
        """The columns of a new deployment for which nothing was sent."""
        unset = {"enforce_parameter_schema": True, "parameter_openapi_schema": {"type": "object", "properties": {}}}
        return {key: value for key, value in unset.items() if key not in self.model_fields_set}


class DeploymentUpdate(_DeploymentColumns):
    enforce_parameter_schema: bool | None = None

    def changes(self) -> dict[str, Any]:
        changes = super().changes()
        if changes.get("enforce_parameter_schema", True) is None:
            del changes["enforce_parameter_schema"]
        return changes


class DeploymentRunCreate(Body):
    """A run of a deployment, SCHEDULED for now unless a state is given."""

    state: StateCreate | None = None
    name: str | None = None
    parameters: Annotated[dict[str, Any], EmptyWhenNull] = {}
    enforce_parameter_schema: bool | None = None
    context: Annotated[dict[str, Any], EmptyWhenNull] = {}
    infrastructure_document_id: NoBlock = None
    empirical_policy: Annotated[FlowRunPolicy, EmptyWhenNull] = FlowRunPolicy()
    tags: Tags = []
    idempotency_key: str | None = None
    labels: Annotated[Labels, EmptyWhenNull] = {}
    parent_task_run_id: UUID | None = None
    work_queue_name: str | None = None
    job_variables: Annotated[dict[str, Any], EmptyWhenNull] = {}

    _parameters = field_validator("parameters")(small_enough)

    def plan(self) -> dict[str, Any]:
        given = self.given()
        given.pop("infrastructure_document_id", None)
        given["parameters"] = hydrated(self.parameters)
        given["state"] = self.state.state() if self.state else None
        given["empirical_policy"] = self.empirical_policy.wire()
        return given


def _usable_template(template: dict[str, Any]) -> dict[str, Any]:
    if not template:
        return template
    configuration, variables = template.get("job_configuration"), template.get("variables")
    if not configuration or not variables:
        raise ValueError("A base job template needs both `job_configuration` and `variables`.")
    declared = set(variables.get("properties") or {})
    missing = sorted(set(_PLACEHOLDER.findall(str(configuration))) - declared)
    if missing:
        raise ValueError(f"The job configuration uses variables that are not declared: {', '.join(missing)}.")
    return template


Template = Annotated[dict[str, Any], AfterValidator(_usable_template)]


class StorageConfiguration(Body):
    bundle_upload_step: dict[str, Any] | None = None
    bundle_execution_step: dict[str, Any] | None = None
    default_result_storage_block_id: NoBlock = None


class WorkPoolCreate(Body):
    name: Name
    type: str = "prefect-agent"
    description: str | None = None
    base_job_template: Annotated[Template, EmptyWhenNull] = {}
    is_paused: bool = False
    concurrency_limit: Number | None = Field(default=None, ge=0)
    storage_configuration: Annotated[StorageConfiguration, EmptyWhenNull] = StorageConfiguration()


class WorkPoolUpdate(Body):
    description: str | None = None
    is_paused: bool | None = None
    base_job_template: Template | None = None
    concurrency_limit: Number | None = Field(default=None, ge=0)
    storage_configuration: StorageConfiguration | None = None

    def changes(self) -> dict[str, Any]:
        changes = self.given()
        if self.storage_configuration is not None:
            changes["storage_configuration"] = self.storage_configuration.model_dump(mode="json", exclude_unset=True)
        # For these null means "as it was".
        keep = ("is_paused", "base_job_template", "storage_configuration")
        return {key: value for key, value in changes.items() if value is not None or key not in keep}


class WorkQueueCreate(Body):
    name: Name
    description: str = ""
    is_paused: bool = False
    concurrency_limit: Number | None = Field(default=None, ge=0)
    priority: Number | None = Field(default=None, gt=0)
    filter: Annotated[dict[str, Any] | None, _absent("Filters of work queues")] = None

    _no_null = field_validator("description", mode="before")(lambda text: text or "")


class WorkQueueUpdate(Body):
    name: Name | None = None
    description: str | None = None
    is_paused: bool = False
    concurrency_limit: Number | None = Field(default=None, ge=0)
    priority: Number | None = Field(default=None, gt=0)
    last_polled: Time | None = None
    filter: Annotated[dict[str, Any] | None, _absent("Filters of work queues")] = None

    def changes(self) -> dict[str, Any]:
        nullable = ("concurrency_limit", "last_polled")
        given = self.given()
        given.pop("filter", None)
        return {key: value for key, value in given.items() if value is not None or key in nullable}


class ScheduledRunsAsked(Body):
    """Which waiting runs a worker asks for. No queue names mean every queue."""

    work_queue_names: list[str] | None = None
    scheduled_before: Time | None = None
    scheduled_after: Time | None = None
    limit: int | None = None


class DeploymentRunsAsked(Body):
    deployment_ids: list[UUID]
    scheduled_before: Time | None = None
    limit: int | None = None


class Heartbeat(Body):
    name: Name
    heartbeat_interval_seconds: Number | None = Field(default=None, gt=0)
    metadata: dict[str, Any] | None = None


class ClaimCreate(Body):
    """`process_id`: of the process that is going to execute the run, as the worker's host counts."""

    flow_run_id: UUID
    worker_name: str
    process_id: int | None = Field(default=None, ge=0, lt=2**31)


class ClaimRelease(Body):
    """`reason` says why the run is given back, should it be unfinished."""

    reason: str | None = None


class LostRun(Body):
    flow_run_id: UUID
    worker_name: str
    process_id: int | None = Field(default=None, ge=0, lt=2**31)
    reason: str
