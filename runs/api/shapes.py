"""How flows, runs, states and logs are answered, for the API's description."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from orchestrator.contract.states import StateType
from orchestrator.rest.answering import Shape
from orchestrator.rest.bodies import Labels


class Flow(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: str
    tags: list[str]
    labels: Labels | None


class StateDetails(Shape):
    """Keys that newer clients put there are kept."""

    model_config = ConfigDict(extra="allow")

    flow_run_id: UUID | None
    task_run_id: UUID | None
    child_flow_run_id: UUID | None
    scheduled_time: datetime | None
    cache_key: str | None
    cache_expiration: datetime | None
    deferred: bool | None
    untrackable_result: bool
    pause_timeout: datetime | None
    pause_reschedule: bool
    pause_key: str | None
    run_input_keyset: dict[str, str] | None
    refresh_cache: bool | None
    retriable: bool | None
    transition_id: UUID | None
    task_parameters_id: UUID | None
    traceparent: str | None
    deployment_concurrency_lease_id: UUID | None


class State(Shape):
    id: UUID
    type: StateType
    name: str | None
    timestamp: datetime
    message: str | None
    data: Any
    state_details: StateDetails


class StateAcceptDetails(Shape):
    type: Literal["accept_details"]


class StateWaitDetails(Shape):
    type: Literal["wait_details"]
    delay_seconds: int
    reason: str | None


class StateRejectDetails(Shape):
    type: Literal["reject_details"]
    reason: str | None


class StateAbortDetails(Shape):
    type: Literal["abort_details"]
    reason: str | None


TransitionDetails = StateAcceptDetails | StateWaitDetails | StateRejectDetails | StateAbortDetails
TransitionStatus = Literal["ACCEPT", "REJECT", "ABORT", "WAIT"]


class OrchestrationResult(Shape):
    state: State | None
    status: TransitionStatus
    details: TransitionDetails


class FlowRunOrchestrationResult(OrchestrationResult):
    flow_run_id: UUID


class FlowRunBulkSetStateResponse(Shape):
    results: list[FlowRunOrchestrationResult]


class FlowRunBulkDeleteResponse(Shape):
    deleted: list[UUID]


class FlowBulkDeleteResponse(Shape):
    deleted: list[UUID]


class FlowRunPolicy(Shape):
    max_retries: int
    retry_delay_seconds: float
    retries: int | None
    retry_delay: float | None
    pause_keys: set[str] | None
    resuming: bool | None
    retry_type: Literal["in_process", "reschedule"] | None


class TaskRunPolicy(Shape):
    max_retries: int
    retry_delay_seconds: float
    retries: int | None
    retry_delay: float | list[float] | None
    retry_jitter_factor: float | None


class CreatedBy(Shape):
    id: UUID | None
    type: str | None
    display_value: str | None


class FlowRunResponse(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: str
    flow_id: UUID
    state_id: UUID | None
    deployment_id: UUID | None
    deployment_version: str | None
    work_queue_id: UUID | None
    work_queue_name: str | None
    flow_version: str | None
    parameters: dict[str, Any]
    idempotency_key: str | None
    context: dict[str, Any]
    empirical_policy: FlowRunPolicy
    tags: list[str]
    labels: Labels
    parent_task_run_id: UUID | None
    state_type: StateType | None
    state_name: str | None
    run_count: int
    expected_start_time: datetime | None
    next_scheduled_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float
    estimated_run_time: float
    estimated_start_time_delta: float
    auto_scheduled: bool
    infrastructure_document_id: UUID | None
    infrastructure_pid: str | None
    created_by: CreatedBy | None
    work_pool_id: UUID | None
    work_pool_name: str | None
    state: State | None
    job_variables: dict[str, Any] | None


class TaskRunResult(Shape):
    input_type: Literal["task_run"]
    id: UUID


class FlowRunResult(Shape):
    input_type: Literal["flow_run"]
    id: UUID


class Parameter(Shape):
    input_type: Literal["parameter"]
    name: str


class Constant(Shape):
    input_type: Literal["constant"]
    type: str


TaskInputs = dict[str, list[TaskRunResult | FlowRunResult | Parameter | Constant]]


class TaskRun(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: str
    flow_run_id: UUID | None
    task_key: str
    dynamic_key: str
    cache_key: str | None
    cache_expiration: datetime | None
    task_version: str | None
    empirical_policy: TaskRunPolicy
    tags: list[str]
    labels: Labels | None
    state_id: UUID | None
    task_inputs: TaskInputs
    state_type: StateType | None
    state_name: str | None
    run_count: int
    flow_run_run_count: int
    expected_start_time: datetime | None
    next_scheduled_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float
    estimated_run_time: float
    estimated_start_time_delta: float
    state: State | None


class TaskRunResponse(Shape):
    """A task run in a numbered page: less than elsewhere."""

    id: UUID
    created: datetime | None
    updated: datetime | None
    name: str
    flow_run_id: UUID | None
    task_key: str
    state_id: UUID | None
    state: State | None
    task_version: str | None
    task_inputs: TaskInputs
    empirical_policy: TaskRunPolicy
    tags: list[str]
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float
    estimated_run_time: float
    estimated_start_time_delta: float


class Log(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: str
    level: int
    message: str
    timestamp: datetime
    flow_run_id: UUID | None
    task_run_id: UUID | None


class HistoryResponseState(Shape):
    state_type: StateType
    state_name: str
    count_runs: int
    sum_estimated_run_time: float
    sum_estimated_lateness: float


class HistoryResponse(Shape):
    interval_start: datetime
    interval_end: datetime
    states: list[HistoryResponseState]


class DependencyResult(Shape):
    id: UUID
    name: str
    upstream_dependencies: list[TaskRunResult]
    state: State | None
    expected_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float | None
    estimated_run_time: float | None
    untrackable_result: bool


class Edge(Shape):
    id: UUID


class GraphArtifact(Shape):
    id: UUID
    created: datetime
    key: str | None
    type: str | None
    is_latest: bool
    data: Any


class GraphState(Shape):
    id: UUID
    timestamp: datetime
    type: StateType
    name: str


class Node(Shape):
    kind: Literal["flow-run", "task-run"]
    id: UUID
    label: str
    state_type: StateType
    start_time: datetime
    end_time: datetime | None
    parents: list[Edge]
    children: list[Edge]
    encapsulating: list[Edge]
    artifacts: list[GraphArtifact]


class Graph(Shape):
    start_time: datetime | None
    end_time: datetime | None
    root_node_ids: list[UUID]
    nodes: list[tuple[UUID, Node]]
    artifacts: list[GraphArtifact]
    states: list[GraphState]
