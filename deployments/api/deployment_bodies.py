"""What requests about deployments and their runs carry."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from deployments.api.names import UsableName
from deployments.api.schedule_bodies import DeploymentScheduleCreate, DeploymentScheduleUpdate, FewEnough
from deployments.services.deployment_runs import RunRequest
from deployments.services.value_checks import check_schema, first_error, without_required
from orchestrator.contract.names import generate_name
from orchestrator.rest.bodies import Body, Envelope, Labels, Tags, Time
from orchestrator.rest.paging import Limit
from orchestrator.rest.value_schemas import BadSchema
from runs.api.bodies import FlowRunPolicy, StateCreate, small_enough
from runs.api.concurrency_bodies import ConcurrencyOptions

# Keys of clients from the time before work pools had their present names.
_FORGOTTEN = ("worker_pool_queue_id", "worker_pool_name", "worker_pool_queue_name", "work_pool_queue_name")


class VersionInfo(Body):
    """Where a version comes from, in keys that depend on its type. The history of the deployment keeps it."""

    model_config = ConfigDict(extra="allow")

    type: str
    version: str


MOST_AGE_SECONDS = 100 * 365 * 86_400.0


class CatchUp(Body):
    """What becomes of runs that schedules planned and that did not begin in time."""

    policy: Literal["planned", "all", "latest", "max_age", "none"]
    max_age_seconds: Annotated[float, Field(gt=0, le=MOST_AGE_SECONDS)] | None = None

    @model_validator(mode="after")
    def _age_of_its_policy(self) -> Self:
        if (self.policy == "max_age") != (self.max_age_seconds is not None):
            raise ValueError("`max_age_seconds` belongs to the policy max_age, and only to it.")
        return self


class _DeploymentColumns(Body):
    version: str | None = None
    description: str | None = None
    paused: bool = False
    concurrency_limit: Annotated[int, Field(gt=0)] | None = None
    concurrency_options: ConcurrencyOptions | None = None
    global_concurrency_limit_id: UUID | None = None
    tags: Tags = []
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    path: str | None = None
    pull_steps: list[dict[str, Any]] | None = None
    entrypoint: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    version_info: VersionInfo | None = None
    catch_up: CatchUp | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_forgotten(cls, sent: Any) -> Any:
        return {key: sent[key] for key in sent if key not in _FORGOTTEN} if isinstance(sent, dict) else sent

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if self.concurrency_limit and self.global_concurrency_limit_id:
            raise ValueError("A deployment cannot have both a concurrency limit and a global concurrency limit.")
        return self

    def told_version_info(self) -> dict[str, Any] | None:
        return None if self.version_info is None else self.version_info.model_dump(mode="json")

    def changes(self) -> dict[str, Any]:
        """The columns that were sent."""
        changes = {key: value for key, value in self.given().items() if key not in _NOT_COLUMNS}
        if self.concurrency_options is not None:
            changes["concurrency_options"] = self.concurrency_options.model_dump(mode="json")
        if self.catch_up is not None:
            changes["catch_up_policy"] = self.catch_up.policy
            changes["catch_up_max_age_seconds"] = self.catch_up.max_age_seconds
        return changes


_NOT_COLUMNS = frozenset({"name", "flow_id", "flow_name", "schedules", "labels", "version_info", "catch_up"})


class NewDeployment(_DeploymentColumns):
    """A deployment, whatever its flow is named by."""

    name: UsableName
    schedules: Annotated[list[DeploymentScheduleCreate], FewEnough] = []
    enforce_parameter_schema: bool = True
    parameter_openapi_schema: dict[str, Any] | None = Field(
        default_factory=lambda: {"type": "object", "properties": {}}
    )
    parameters: dict[str, Any] = {}
    job_variables: dict[str, Any] = {}
    labels: Labels | None = {}

    _parameters = field_validator("parameters")(small_enough)

    @model_validator(mode="after")
    def _fitting_parameters(self) -> Self:
        """Whoever asks for enforcement is told at once; what is required may still come with the run."""
        schema = self.parameter_openapi_schema
        if "enforce_parameter_schema" not in self.model_fields_set or not self.enforce_parameter_schema:
            return self
        if "parameter_openapi_schema" not in self.model_fields_set or schema is None:
            return self
        try:
            check_schema(schema)
            error = first_error(without_required(schema), self.parameters)
        except BadSchema as problem:
            raise ValueError(f"The provided schema is not a valid json schema. {problem}") from None
        if error is not None:
            field = f" for field {error.json_path.replace('$.', '')!r}" if error.json_path != "$" else ""
            raise ValueError(f"Validation failed{field}. Failure reason: {error.message}")
        return self

    def defaults(self) -> dict[str, Any]:
        """The columns of a new deployment for which nothing was sent."""
        unset = {"enforce_parameter_schema": True, "parameter_openapi_schema": {}, "pull_steps": []}
        return {key: value for key, value in unset.items() if key not in self.model_fields_set}

    def schedule_columns(self) -> list[dict[str, Any]]:
        return [schedule.changes() for schedule in self.schedules]


class DeploymentCreate(NewDeployment):
    flow_id: UUID


class DeploymentUpdate(_DeploymentColumns):
    schedules: Annotated[list[DeploymentScheduleUpdate], FewEnough] = []
    enforce_parameter_schema: bool | None = None
    parameter_openapi_schema: dict[str, Any] | None = None
    parameters: dict[str, Any] | None = None
    job_variables: dict[str, Any] | None = None

    @field_validator("parameters")
    @classmethod
    def _parameters(cls, parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if parameters is None else small_enough(parameters)

    def changes(self) -> dict[str, Any]:
        """For some columns null means that they stay."""
        changes = super().changes()
        return {key: value for key, value in changes.items() if value is not None or key not in _KEPT_BY_NULL}

    def schedule_columns(self) -> list[dict[str, Any]] | None:
        """None when no schedules were sent."""
        if "schedules" not in self.model_fields_set:
            return None
        return [schedule.changes() for schedule in self.schedules]


_KEPT_BY_NULL = frozenset({"enforce_parameter_schema", "parameters", "job_variables"})


class DeploymentFlowRunCreate(Body):
    """A run of a deployment, SCHEDULED for now unless a state is given."""

    state: StateCreate | None = None
    name: Annotated[str, BeforeValidator(lambda name: name or generate_name())] = Field(default_factory=generate_name)
    parameters: dict[str, Any] = {}
    enforce_parameter_schema: bool | None = None
    context: dict[str, Any] = {}
    infrastructure_document_id: UUID | None = None
    empirical_policy: FlowRunPolicy = FlowRunPolicy()
    tags: Tags = []
    idempotency_key: str | None = None
    labels: Labels | None = {}
    parent_task_run_id: UUID | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] | None = None

    _parameters = field_validator("parameters")(small_enough)

    def request(self) -> RunRequest:
        return RunRequest(
            state=self.state.state() if self.state else None,
            name=self.name,
            parameters=self.parameters,
            enforce_parameter_schema=self.enforce_parameter_schema,
            context=self.context,
            tags=self.tags,
            labels=self.labels,
            idempotency_key=self.idempotency_key,
            parent_task_run_id=self.parent_task_run_id,
            # The contract answers null where null was sent together with an idempotency key.
            job_variables=self.given().get("job_variables", {}) if self.idempotency_key else self.job_variables or {},
            empirical_policy=self.empirical_policy.wire(),
            work_queue_name=self.work_queue_name,
            infrastructure_document_id=self.infrastructure_document_id,
        )


class DeploymentRunsAsked(Envelope):
    """Which waiting runs a runner asks for."""

    deployment_ids: list[UUID]
    scheduled_before: Time = None  # type: ignore[assignment]
    limit: Limit = None  # type: ignore[assignment]
