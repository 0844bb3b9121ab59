"""What requests about flows, runs, states and logs carry."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, field_validator

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time
from orchestrator.rest.bodies import Body, EmptyWhenNull, Labels, Name, Tags, Time
from orchestrator.rest.json import dump

MAX_PARAMETER_BYTES = 512 * 1024  # all parameters of a run as JSON


class StateDetails(Body):
    """Details of a state. Times are normalised; keys of newer clients are kept as they are."""

    model_config = ConfigDict(extra="allow")

    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    child_flow_run_id: UUID | None = None
    scheduled_time: Time | None = None
    cache_key: str | None = None
    cache_expiration: Time | None = None
    deferred: bool | None = False
    untrackable_result: bool = False
    pause_timeout: Time | None = None
    pause_reschedule: bool = False
    pause_key: str | None = None
    run_input_keyset: dict[str, str] | None = None
    refresh_cache: bool | None = None
    retriable: bool | None = None
    transition_id: UUID | None = None
    task_parameters_id: UUID | None = None
    traceparent: str | None = None
    deployment_concurrency_lease_id: UUID | None = None

    def wire(self) -> dict[str, Any]:
        """The details that were sent, as JSON values."""
        return {key: _as_json(value) for key, value in self.given().items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return format_time(value) if hasattr(value, "astimezone") else value


class StateCreate(Body):
    """A proposed state. The server makes its id and its timestamp."""

    type: StateType
    name: str | None = None
    message: str | None = None
    data: Any = None
    state_details: Annotated[StateDetails, EmptyWhenNull] = StateDetails()

    def state(self) -> State:
        return State(
            type=self.type,
            name=self.name or "",
            message=self.message,
            data=self.data,
            details=self.state_details.wire(),
        )


class SetState(Body):
    state: StateCreate
    force: bool = False


def _no_input(value: Any) -> Any:
    if value:
        raise ValueError("Input for runs is not supported by this server yet.")
    return value


class Resume(Body):
    run_input: Annotated[dict[str, Any] | None, AfterValidator(_no_input)] = None


LONGEST_DELAY = 10 * 365 * 86_400  # seconds between a failure and its retry
Delay = Annotated[float, Field(ge=0, le=LONGEST_DELAY)]


class RetryPolicy(Body):
    """How failures are repeated, and what the server remembers of pauses."""

    max_retries: int = 0
    retry_delay_seconds: float = 0.0
    retries: int | None = None


class FlowRunPolicy(RetryPolicy):
    retry_delay: Delay | None = None
    pause_keys: set[str] | None = None
    resuming: bool | None = None
    retry_type: Literal["in_process", "reschedule"] | None = None

    def wire(self) -> dict[str, Any]:
        given = self.given()
        if given.get("pause_keys") is not None:
            given["pause_keys"] = sorted(given["pause_keys"])
        return given


class TaskRunPolicy(RetryPolicy):
    retry_delay: Delay | list[Delay] | None = None
    retry_jitter_factor: Annotated[float, Field(ge=0, le=1000)] | None = None

    def wire(self) -> dict[str, Any]:
        return self.given()


class FlowCreate(Body):
    name: Name
    tags: Tags = []
    labels: Annotated[Labels, EmptyWhenNull] = {}


class FlowUpdate(Body):
    tags: Tags = []


def _no_pool(name: str | None) -> str | None:
    if name is not None:
        raise ValueError("Runs without a deployment cannot be put into a work pool of this server yet.")
    return name


def small_enough(parameters: dict[str, Any]) -> dict[str, Any]:
    if len(dump(parameters)) > MAX_PARAMETER_BYTES:
        raise ValueError(f"The parameters of a run may take at most {MAX_PARAMETER_BYTES} bytes.")
    return parameters


class FlowRunCreate(Body):
    """A run of a flow, PENDING unless a state is given."""

    flow_id: UUID
    state: StateCreate | None = None
    name: str | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] = {}
    context: dict[str, Any] = {}
    parent_task_run_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    empirical_policy: Annotated[FlowRunPolicy, EmptyWhenNull] = FlowRunPolicy()
    tags: Tags = []
    labels: Annotated[Labels, EmptyWhenNull] = {}
    idempotency_key: str | None = None
    work_pool_name: Annotated[str | None, AfterValidator(_no_pool)] = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] | None = None
    deployment_id: UUID | None = None

    _parameters = field_validator("parameters")(small_enough)


class FlowRunUpdate(Body):
    name: str | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] = {}
    empirical_policy: Annotated[FlowRunPolicy, EmptyWhenNull] = FlowRunPolicy()
    tags: Tags = []
    infrastructure_pid: str | None = None
    job_variables: dict[str, Any] | None = None

    _parameters = field_validator("parameters")(small_enough)


class TaskInput(Body):
    """Where the value of one task parameter came from."""

    model_config = ConfigDict(extra="allow", frozen=True)

    input_type: Literal["task_run", "flow_run", "parameter", "constant"]


class TaskRunCreate(Body):
    task_key: str
    dynamic_key: str
    id: UUID | None = None
    state: StateCreate | None = None
    name: str | None = None
    flow_run_id: UUID | None = None
    cache_key: Annotated[str, Field(max_length=2000)] | None = None
    cache_expiration: Time | None = None
    task_version: str | None = None
    empirical_policy: Annotated[TaskRunPolicy, EmptyWhenNull] = TaskRunPolicy()
    tags: Tags = []
    labels: Annotated[Labels, EmptyWhenNull] = {}
    task_inputs: dict[str, list[TaskInput]] = {}


class TaskRunUpdate(Body):
    name: str


class LogCreate(Body):
    """One line of a run's log. `id` is an addition: a client that chose it may send the line again."""

    name: str
    level: int = Field(ge=-32768, le=32767)
    message: str
    timestamp: Time
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    id: UUID | None = None
