"""What requests about flows, runs, states and logs carry."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator

from orchestrator.contract.names import generate_name
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time
from orchestrator.rest.bodies import Body, EmptyWhenNull, Envelope, Labels, Name, Tags, Time
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


class SetState(Envelope):
    state: StateCreate
    force: bool = False


class Resume(Envelope):
    run_input: dict[str, Any] | None = None


LONGEST_DELAY = 10 * 365 * 86_400  # seconds between a failure and its retry
MOST_DELAYS = 50  # of one task run
MOST_RETRIES = 2**31 - 1
MOST_JITTER = 1000.0  # times the delay
LONGEST_CACHE_KEY = 2000  # characters


def _reachable(seconds: float) -> float:
    if not 0 <= seconds <= LONGEST_DELAY:
        raise ValueError(f"A delay lies between 0 and {LONGEST_DELAY} seconds.")
    return seconds


def _as_answered(seconds: float) -> float:
    # Whole seconds are answered as an integer: clients may know no others.
    return int(seconds) if seconds == int(seconds) else seconds


def _few_enough(delays: list[float]) -> list[float]:
    if len(delays) > MOST_DELAYS:
        raise ValueError(f"A task run has at most {MOST_DELAYS} delays.")
    return delays


def _usable_factor(factor: float) -> float:
    if not 0 <= factor <= MOST_JITTER:
        raise ValueError(f"`retry_jitter_factor` lies between 0 and {MOST_JITTER}.")
    return factor


def _short_enough(key: str) -> str:
    if len(key) > LONGEST_CACHE_KEY:
        raise ValueError(f"A cache key has at most {LONGEST_CACHE_KEY} characters.")
    return key


def _countable(times: int) -> int:
    if abs(times) > MOST_RETRIES:
        raise ValueError(f"There are at most {MOST_RETRIES} retries.")
    return times


Delay = Annotated[float, AfterValidator(_reachable), AfterValidator(_as_answered)]
Times = Annotated[int, AfterValidator(_countable)]


class RetryPolicy(Body):
    """How failures are repeated, and what the server remembers of pauses. Keys besides these are dropped."""

    model_config = ConfigDict(extra="ignore")

    max_retries: Times = 0
    retry_delay_seconds: Annotated[float, AfterValidator(_reachable)] = 0.0
    retries: Times | None = None

    def given(self, *names: str) -> dict[str, Any]:
        """What was sent. The old names of the two settings stand for the new ones where these say nothing."""
        given = super().given(*names)
        if self.max_retries and not given.get("retries"):
            given["retries"] = self.max_retries
        if self.retry_delay_seconds and not given.get("retry_delay"):
            given["retry_delay"] = _as_answered(self.retry_delay_seconds)
        return given


class FlowRunPolicy(RetryPolicy):
    retry_delay: Delay | None = None
    pause_keys: set[str] | None = None
    resuming: bool | None = False
    retry_type: Literal["in_process", "reschedule"] | None = None

    def wire(self) -> dict[str, Any]:
        given = self.given()
        if given.get("pause_keys") is not None:
            given["pause_keys"] = sorted(given["pause_keys"])
        return given


class TaskRunPolicy(RetryPolicy):
    retry_delay: Delay | Annotated[list[Delay], AfterValidator(_few_enough)] | None = None
    retry_jitter_factor: Annotated[float, AfterValidator(_usable_factor)] | None = None

    def wire(self) -> dict[str, Any]:
        return self.given()


class FlowCreate(Body):
    name: Name
    tags: Tags = []
    labels: Annotated[Labels | None, EmptyWhenNull] = {}


class FlowUpdate(Body):
    tags: Tags = []


def small_enough(parameters: dict[str, Any]) -> dict[str, Any]:
    if len(dump(parameters)) > MAX_PARAMETER_BYTES:
        raise ValueError(f"The parameters of a run may take at most {MAX_PARAMETER_BYTES} bytes.")
    return parameters


# A run that is given no name, or null for one, gets a name that is made up.
_MADE_UP = BeforeValidator(lambda name: name or generate_name())
RunName = Annotated[str, _MADE_UP]


class FlowRunCreate(Body):
    """A run of a flow, PENDING unless a state is given."""

    flow_id: UUID
    state: StateCreate | None = None
    name: RunName = Field(default=None)
    flow_version: str | None = None
    parameters: dict[str, Any] = {}
    context: dict[str, Any] = {}
    parent_task_run_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    empirical_policy: Annotated[FlowRunPolicy, EmptyWhenNull] = FlowRunPolicy()
    tags: Tags = []
    labels: Annotated[Labels | None, EmptyWhenNull] = {}
    idempotency_key: str | None = None
    work_pool_name: str | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] | None = None
    deployment_id: UUID | None = None

    _parameters = field_validator("parameters")(small_enough)


class FlowRunUpdate(Body):
    name: Annotated[str | None, _MADE_UP] = None
    flow_version: str | None = None
    parameters: dict[str, Any] = {}
    empirical_policy: Annotated[FlowRunPolicy, EmptyWhenNull] = FlowRunPolicy()
    tags: Tags = []
    infrastructure_pid: str | None = None
    job_variables: dict[str, Any] | None = None

    _parameters = field_validator("parameters")(small_enough)


class TaskInput(Body):
    """Where the value of one task parameter came from. Keys besides those of its kind are dropped."""

    model_config = ConfigDict(extra="ignore")


class TaskRunResult(TaskInput):
    input_type: Literal["task_run"] = "task_run"
    id: UUID


class FlowRunResult(TaskInput):
    input_type: Literal["flow_run"] = "flow_run"
    id: UUID


class Parameter(TaskInput):
    input_type: Literal["parameter"] = "parameter"
    name: str


class Constant(TaskInput):
    input_type: Literal["constant"] = "constant"
    type: str


class TaskRunCreate(Body):
    task_key: str
    dynamic_key: str
    id: UUID | None = None
    state: StateCreate | None = None
    name: RunName = Field(default=None)
    flow_run_id: UUID | None = None
    cache_key: Annotated[str, AfterValidator(_short_enough)] | None = None
    cache_expiration: Time | None = None
    task_version: str | None = None
    empirical_policy: Annotated[TaskRunPolicy, EmptyWhenNull] = TaskRunPolicy()
    tags: Tags = []
    labels: Annotated[Labels | None, EmptyWhenNull] = {}
    task_inputs: dict[str, list[TaskRunResult | FlowRunResult | Parameter | Constant]] = {}


class TaskRunUpdate(Body):
    name: RunName = Field(default=None)


class LogCreate(Body):
    """One line of a run's log. `id` is an addition: a client that chose it may send the line again."""

    name: str
    level: int = Field(ge=-32768, le=32767)
    message: str
    timestamp: Time
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    id: UUID | None = None
