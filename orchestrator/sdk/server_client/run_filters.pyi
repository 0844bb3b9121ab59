"""What type checkers see of `run_filters.py`. `python -m tests.sdk.server_client.test_form_stubs` writes it."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Literal, TypeAlias

from orchestrator.sdk.server_client.forms import Form

_Many: TypeAlias = list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any]
_Operator: TypeAlias = Enum | Literal["and_", "or_"]

class FlowFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class FlowFilterName(Form):
    any_: list[Any] | None
    like_: str | None
    def __init__(self, *, any_: _Many | None = None, like_: str | None = None) -> None: ...

class FlowFilterTags(Form):
    operator: str | None
    all_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self, *, operator: _Operator | None = None, all_: _Many | None = None, is_null_: bool | None = None
    ) -> None: ...

class FlowFilter(Form):
    operator: str | None
    id: FlowFilterId | None
    name: FlowFilterName | None
    tags: FlowFilterTags | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: FlowFilterId | Mapping[str, Any] | None = None,
        name: FlowFilterName | Mapping[str, Any] | None = None,
        tags: FlowFilterTags | Mapping[str, Any] | None = None,
    ) -> None: ...

class FlowRunFilterId(Form):
    any_: list[Any] | None
    not_any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, not_any_: _Many | None = None) -> None: ...

class FlowRunFilterName(Form):
    any_: list[Any] | None
    like_: str | None
    def __init__(self, *, any_: _Many | None = None, like_: str | None = None) -> None: ...

class FlowRunFilterTags(Form):
    operator: str | None
    all_: list[Any] | None
    any_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        all_: _Many | None = None,
        any_: _Many | None = None,
        is_null_: bool | None = None,
    ) -> None: ...

class FlowRunFilterDeploymentId(Form):
    operator: str | None
    any_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self, *, operator: _Operator | None = None, any_: _Many | None = None, is_null_: bool | None = None
    ) -> None: ...

class FlowRunFilterWorkQueueName(Form):
    operator: str | None
    any_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self, *, operator: _Operator | None = None, any_: _Many | None = None, is_null_: bool | None = None
    ) -> None: ...

class FlowRunFilterStateType(Form):
    any_: list[Any] | None
    not_any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, not_any_: _Many | None = None) -> None: ...

class FlowRunFilterStateName(Form):
    any_: list[Any] | None
    not_any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, not_any_: _Many | None = None) -> None: ...

class FlowRunFilterState(Form):
    operator: str | None
    type: FlowRunFilterStateType | None
    name: FlowRunFilterStateName | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        type: FlowRunFilterStateType | Mapping[str, Any] | None = None,
        name: FlowRunFilterStateName | Mapping[str, Any] | None = None,
    ) -> None: ...

class FlowRunFilterFlowVersion(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class FlowRunFilterStartTime(Form):
    before_: str | None
    after_: str | None
    is_null_: bool | None
    def __init__(
        self,
        *,
        before_: datetime | str | None = None,
        after_: datetime | str | None = None,
        is_null_: bool | None = None,
    ) -> None: ...

class FlowRunFilterEndTime(Form):
    before_: str | None
    after_: str | None
    is_null_: bool | None
    def __init__(
        self,
        *,
        before_: datetime | str | None = None,
        after_: datetime | str | None = None,
        is_null_: bool | None = None,
    ) -> None: ...

class FlowRunFilterExpectedStartTime(Form):
    before_: str | None
    after_: str | None
    def __init__(self, *, before_: datetime | str | None = None, after_: datetime | str | None = None) -> None: ...

class FlowRunFilterNextScheduledStartTime(Form):
    before_: str | None
    after_: str | None
    def __init__(self, *, before_: datetime | str | None = None, after_: datetime | str | None = None) -> None: ...

class FlowRunFilterParentFlowRunId(Form):
    operator: str | None
    any_: list[Any] | None
    def __init__(self, *, operator: _Operator | None = None, any_: _Many | None = None) -> None: ...

class FlowRunFilterParentTaskRunId(Form):
    operator: str | None
    any_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self, *, operator: _Operator | None = None, any_: _Many | None = None, is_null_: bool | None = None
    ) -> None: ...

class FlowRunFilterIdempotencyKey(Form):
    any_: list[Any] | None
    not_any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, not_any_: _Many | None = None) -> None: ...

class FlowRunFilterCreatedBy(Form):
    operator: str | None
    id_: list[Any] | None
    type_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id_: _Many | None = None,
        type_: _Many | None = None,
        is_null_: bool | None = None,
    ) -> None: ...

class FlowRunFilter(Form):
    operator: str | None
    id: FlowRunFilterId | None
    name: FlowRunFilterName | None
    tags: FlowRunFilterTags | None
    deployment_id: FlowRunFilterDeploymentId | None
    work_queue_name: FlowRunFilterWorkQueueName | None
    state: FlowRunFilterState | None
    flow_version: FlowRunFilterFlowVersion | None
    start_time: FlowRunFilterStartTime | None
    end_time: FlowRunFilterEndTime | None
    expected_start_time: FlowRunFilterExpectedStartTime | None
    next_scheduled_start_time: FlowRunFilterNextScheduledStartTime | None
    parent_flow_run_id: FlowRunFilterParentFlowRunId | None
    parent_task_run_id: FlowRunFilterParentTaskRunId | None
    idempotency_key: FlowRunFilterIdempotencyKey | None
    created_by: FlowRunFilterCreatedBy | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: FlowRunFilterId | Mapping[str, Any] | None = None,
        name: FlowRunFilterName | Mapping[str, Any] | None = None,
        tags: FlowRunFilterTags | Mapping[str, Any] | None = None,
        deployment_id: FlowRunFilterDeploymentId | Mapping[str, Any] | None = None,
        work_queue_name: FlowRunFilterWorkQueueName | Mapping[str, Any] | None = None,
        state: FlowRunFilterState | Mapping[str, Any] | None = None,
        flow_version: FlowRunFilterFlowVersion | Mapping[str, Any] | None = None,
        start_time: FlowRunFilterStartTime | Mapping[str, Any] | None = None,
        end_time: FlowRunFilterEndTime | Mapping[str, Any] | None = None,
        expected_start_time: FlowRunFilterExpectedStartTime | Mapping[str, Any] | None = None,
        next_scheduled_start_time: FlowRunFilterNextScheduledStartTime | Mapping[str, Any] | None = None,
        parent_flow_run_id: FlowRunFilterParentFlowRunId | Mapping[str, Any] | None = None,
        parent_task_run_id: FlowRunFilterParentTaskRunId | Mapping[str, Any] | None = None,
        idempotency_key: FlowRunFilterIdempotencyKey | Mapping[str, Any] | None = None,
        created_by: FlowRunFilterCreatedBy | Mapping[str, Any] | None = None,
    ) -> None: ...

class TaskRunFilterFlowRunId(Form):
    any_: list[Any] | None
    is_null_: bool | None
    def __init__(self, *, any_: _Many | None = None, is_null_: bool | None = None) -> None: ...

class TaskRunFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class TaskRunFilterName(Form):
    any_: list[Any] | None
    like_: str | None
    def __init__(self, *, any_: _Many | None = None, like_: str | None = None) -> None: ...

class TaskRunFilterTags(Form):
    operator: str | None
    all_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self, *, operator: _Operator | None = None, all_: _Many | None = None, is_null_: bool | None = None
    ) -> None: ...

class TaskRunFilterStateType(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class TaskRunFilterStateName(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class TaskRunFilterState(Form):
    operator: str | None
    type: TaskRunFilterStateType | None
    name: TaskRunFilterStateName | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        type: TaskRunFilterStateType | Mapping[str, Any] | None = None,
        name: TaskRunFilterStateName | Mapping[str, Any] | None = None,
    ) -> None: ...

class TaskRunFilterSubFlowRuns(Form):
    exists_: bool | None
    def __init__(self, *, exists_: bool | None = None) -> None: ...

class TaskRunFilterStartTime(Form):
    before_: str | None
    after_: str | None
    is_null_: bool | None
    def __init__(
        self,
        *,
        before_: datetime | str | None = None,
        after_: datetime | str | None = None,
        is_null_: bool | None = None,
    ) -> None: ...

class TaskRunFilterEndTime(Form):
    before_: str | None
    after_: str | None
    is_null_: bool | None
    def __init__(
        self,
        *,
        before_: datetime | str | None = None,
        after_: datetime | str | None = None,
        is_null_: bool | None = None,
    ) -> None: ...

class TaskRunFilter(Form):
    operator: str | None
    id: TaskRunFilterId | None
    name: TaskRunFilterName | None
    tags: TaskRunFilterTags | None
    state: TaskRunFilterState | None
    start_time: TaskRunFilterStartTime | None
    end_time: TaskRunFilterEndTime | None
    subflow_runs: TaskRunFilterSubFlowRuns | None
    flow_run_id: TaskRunFilterFlowRunId | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: TaskRunFilterId | Mapping[str, Any] | None = None,
        name: TaskRunFilterName | Mapping[str, Any] | None = None,
        tags: TaskRunFilterTags | Mapping[str, Any] | None = None,
        state: TaskRunFilterState | Mapping[str, Any] | None = None,
        start_time: TaskRunFilterStartTime | Mapping[str, Any] | None = None,
        end_time: TaskRunFilterEndTime | Mapping[str, Any] | None = None,
        subflow_runs: TaskRunFilterSubFlowRuns | Mapping[str, Any] | None = None,
        flow_run_id: TaskRunFilterFlowRunId | Mapping[str, Any] | None = None,
    ) -> None: ...

class DeploymentFilterId(Form):
    any_: list[Any] | None
    not_any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, not_any_: _Many | None = None) -> None: ...

class DeploymentFilterName(Form):
    any_: list[Any] | None
    like_: str | None
    def __init__(self, *, any_: _Many | None = None, like_: str | None = None) -> None: ...

class DeploymentFilterWorkQueueName(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class DeploymentFilterTags(Form):
    operator: str | None
    all_: list[Any] | None
    any_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        all_: _Many | None = None,
        any_: _Many | None = None,
        is_null_: bool | None = None,
    ) -> None: ...

class DeploymentFilterConcurrencyLimit(Form):
    ge_: float | None
    le_: float | None
    is_null_: bool | None
    def __init__(self, *, ge_: float | None = None, le_: float | None = None, is_null_: bool | None = None) -> None: ...

class DeploymentFilter(Form):
    operator: str | None
    id: DeploymentFilterId | None
    name: DeploymentFilterName | None
    tags: DeploymentFilterTags | None
    work_queue_name: DeploymentFilterWorkQueueName | None
    concurrency_limit: DeploymentFilterConcurrencyLimit | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: DeploymentFilterId | Mapping[str, Any] | None = None,
        name: DeploymentFilterName | Mapping[str, Any] | None = None,
        tags: DeploymentFilterTags | Mapping[str, Any] | None = None,
        work_queue_name: DeploymentFilterWorkQueueName | Mapping[str, Any] | None = None,
        concurrency_limit: DeploymentFilterConcurrencyLimit | Mapping[str, Any] | None = None,
    ) -> None: ...

class LogFilterLevel(Form):
    ge_: float | None
    le_: float | None
    def __init__(self, *, ge_: float | None = None, le_: float | None = None) -> None: ...

class LogFilterTimestamp(Form):
    before_: str | None
    after_: str | None
    def __init__(self, *, before_: datetime | str | None = None, after_: datetime | str | None = None) -> None: ...

class LogFilterFlowRunId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class LogFilterTaskRunId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class LogFilterTextSearch(Form):
    query: str | None
    def __init__(self, *, query: str | None = None) -> None: ...

class LogFilter(Form):
    operator: str | None
    level: LogFilterLevel | None
    timestamp: LogFilterTimestamp | None
    flow_run_id: LogFilterFlowRunId | None
    task_run_id: LogFilterTaskRunId | None
    text: LogFilterTextSearch | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        level: LogFilterLevel | Mapping[str, Any] | None = None,
        timestamp: LogFilterTimestamp | Mapping[str, Any] | None = None,
        flow_run_id: LogFilterFlowRunId | Mapping[str, Any] | None = None,
        task_run_id: LogFilterTaskRunId | Mapping[str, Any] | None = None,
        text: LogFilterTextSearch | Mapping[str, Any] | None = None,
    ) -> None: ...
