"""What answers about pools, queues and workers look like."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, create_model

from deployments.models import Worker, WorkPool, WorkQueue
from orchestrator.contract.states import StateType
from orchestrator.rest.answering import Shape
from orchestrator.rest.bodies import Labels
from runs.api import shapes


class WorkPoolStorageConfiguration(Shape):
    """Clients from before its time are not told of `default_result_storage_block_id`."""

    bundle_upload_step: dict[str, Any] | None
    bundle_execution_step: dict[str, Any] | None
    default_result_storage_block_id: UUID | None = None


class WorkPoolResponse(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: Annotated[str, Field(pattern=r"^[^/%&><]+$")]
    description: str | None
    type: str
    base_job_template: dict[str, Any]
    is_paused: bool
    concurrency_limit: Annotated[int, Field(ge=0)] | None
    status: WorkPool.Status | None
    default_queue_id: UUID | None
    storage_configuration: WorkPoolStorageConfiguration
    active_slots: int | None


class QueueFilter(Shape):
    tags: list[str] | None
    deployment_ids: list[UUID] | None


class PlainWorkQueue(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: Annotated[str, Field(pattern=r"^[^/%&><]+$")]
    description: str | None
    is_paused: bool
    concurrency_limit: Annotated[int, Field(ge=0)] | None
    priority: Annotated[int, Field(gt=0)]
    work_pool_id: UUID | None
    filter: QueueFilter | None
    last_polled: datetime | None


class WorkQueueResponse(PlainWorkQueue):
    work_pool_name: str | None
    status: WorkQueue.Status | None
    active_slots: int | None


class WorkQueueHealthPolicy(Shape):
    maximum_late_runs: int | None
    maximum_seconds_since_last_polled: int | None


class WorkQueueStatusDetail(Shape):
    healthy: bool
    late_runs_count: int
    last_polled: datetime | None
    health_check_policy: WorkQueueHealthPolicy


class WorkerResponse(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: str
    work_pool_id: UUID
    last_heartbeat_time: datetime | None
    heartbeat_interval_seconds: int | None
    status: Worker.Status
    # Told by our own workers.
    work_queue_names: list[str]  # empty: all of the pool
    concurrency: int | None
    broker_state: Worker.BrokerState | None
    broker_state_since: datetime | None
    last_probe_at: datetime | None


_POOL = ("work_pool_id", "work_pool_name")  # stand beside the run that a worker is given
_fields: dict[str, Any] = {
    name: (field.annotation, ...) for name, field in shapes.FlowRunResponse.model_fields.items() if name not in _POOL
}
FlowRun: Any = create_model("FlowRun", __base__=Shape, **_fields | {"labels": (Labels | None, ...)})


class WorkerFlowRunResponse(Shape):
    work_pool_id: UUID
    work_queue_id: UUID
    flow_run: FlowRun


class FlowRunSlotSummary(Shape):
    """A run that takes up a place; `time_in_current_state` in seconds."""

    id: UUID
    name: str
    state_type: StateType | None
    state_name: str | None
    start_time: datetime | None
    state_timestamp: datetime | None
    time_in_current_state: float | None


class WorkQueueConcurrencyStatusDetail(Shape):
    queue_id: UUID
    queue_name: str
    active_slots: int
    concurrency_limit: int | None
    flow_runs: list[FlowRunSlotSummary]
    flow_run_count: int | None


class _Numbered(Shape):
    active_slots: int
    concurrency_limit: int | None
    count: int
    limit: int
    pages: int
    page: int


class WorkPoolConcurrencyStatus(_Numbered):
    queues: list[WorkQueueConcurrencyStatusDetail]


class WorkQueueConcurrencyStatus(_Numbered):
    flow_runs: list[FlowRunSlotSummary]
