"""Which runs, flows, deployments and log lines are meant: filters, under the names that Prefect's have.

    FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=["FAILED"])))
    FlowRunFilter(state={"type": {"any_": ["FAILED"]}})  # means the same

All fields of a filter must be true of a thing, or with `operator="or_"` one of them.

What type checkers see is in `run_filters.pyi`, which is made from this.
"""

from __future__ import annotations

from orchestrator.sdk.server_client.forms import LIST, MOMENT, NUMBER, OPERATOR, TEXT, YES_OR_NO, form

FlowFilterId = form("FlowFilterId", "Picks flows by id.", any_=LIST)
FlowFilterName = form("FlowFilterName", "Picks flows by name.", any_=LIST, like_=TEXT)
FlowFilterTags = form("FlowFilterTags", "Picks flows by tags.", operator=OPERATOR, all_=LIST, is_null_=YES_OR_NO)
FlowFilter = form(
    "FlowFilter", "Picks flows.", operator=OPERATOR, id=FlowFilterId, name=FlowFilterName, tags=FlowFilterTags
)
FlowRunFilterId = form("FlowRunFilterId", "Picks flow runs by id.", any_=LIST, not_any_=LIST)
FlowRunFilterName = form("FlowRunFilterName", "Picks flow runs by name.", any_=LIST, like_=TEXT)
FlowRunFilterTags = form(
    "FlowRunFilterTags", "Picks flow runs by tags.", operator=OPERATOR, all_=LIST, any_=LIST, is_null_=YES_OR_NO
)
FlowRunFilterDeploymentId = form(
    "FlowRunFilterDeploymentId", "Picks flow runs by deployment id.", operator=OPERATOR, any_=LIST, is_null_=YES_OR_NO
)
FlowRunFilterWorkQueueName = form(
    "FlowRunFilterWorkQueueName",
    "Picks flow runs by work queue name.",
    operator=OPERATOR,
    any_=LIST,
    is_null_=YES_OR_NO,
)
FlowRunFilterStateType = form("FlowRunFilterStateType", "Picks flow runs by state type.", any_=LIST, not_any_=LIST)
FlowRunFilterStateName = form("FlowRunFilterStateName", "Picks flow runs by state name.", any_=LIST, not_any_=LIST)
FlowRunFilterState = form(
    "FlowRunFilterState",
    "Picks flow runs by state.",
    operator=OPERATOR,
    type=FlowRunFilterStateType,
    name=FlowRunFilterStateName,
)
FlowRunFilterFlowVersion = form("FlowRunFilterFlowVersion", "Picks flow runs by flow version.", any_=LIST)
FlowRunFilterStartTime = form(
    "FlowRunFilterStartTime", "Picks flow runs by start time.", before_=MOMENT, after_=MOMENT, is_null_=YES_OR_NO
)
FlowRunFilterEndTime = form(
    "FlowRunFilterEndTime", "Picks flow runs by end time.", before_=MOMENT, after_=MOMENT, is_null_=YES_OR_NO
)
FlowRunFilterExpectedStartTime = form(
    "FlowRunFilterExpectedStartTime", "Picks flow runs by expected start time.", before_=MOMENT, after_=MOMENT
)
FlowRunFilterNextScheduledStartTime = form(
    "FlowRunFilterNextScheduledStartTime",
    "Picks flow runs by next scheduled start time.",
    before_=MOMENT,
    after_=MOMENT,
)
FlowRunFilterParentFlowRunId = form(
    "FlowRunFilterParentFlowRunId", "Picks flow runs by parent flow run id.", operator=OPERATOR, any_=LIST
)
FlowRunFilterParentTaskRunId = form(
    "FlowRunFilterParentTaskRunId",
    "Picks flow runs by parent task run id.",
    operator=OPERATOR,
    any_=LIST,
    is_null_=YES_OR_NO,
)
FlowRunFilterIdempotencyKey = form(
    "FlowRunFilterIdempotencyKey", "Picks flow runs by idempotency key.", any_=LIST, not_any_=LIST
)
FlowRunFilterCreatedBy = form(
    "FlowRunFilterCreatedBy",
    "Picks flow runs by who created them.",
    operator=OPERATOR,
    id_=LIST,
    type_=LIST,
    is_null_=YES_OR_NO,
)
FlowRunFilter = form(
    "FlowRunFilter",
    "Picks flow runs.",
    operator=OPERATOR,
    id=FlowRunFilterId,
    name=FlowRunFilterName,
    tags=FlowRunFilterTags,
    deployment_id=FlowRunFilterDeploymentId,
    work_queue_name=FlowRunFilterWorkQueueName,
    state=FlowRunFilterState,
    flow_version=FlowRunFilterFlowVersion,
    start_time=FlowRunFilterStartTime,
    end_time=FlowRunFilterEndTime,
    expected_start_time=FlowRunFilterExpectedStartTime,
    next_scheduled_start_time=FlowRunFilterNextScheduledStartTime,
    parent_flow_run_id=FlowRunFilterParentFlowRunId,
    parent_task_run_id=FlowRunFilterParentTaskRunId,
    idempotency_key=FlowRunFilterIdempotencyKey,
    created_by=FlowRunFilterCreatedBy,
)
TaskRunFilterFlowRunId = form(
    "TaskRunFilterFlowRunId", "Picks task runs by flow run id.", any_=LIST, is_null_=YES_OR_NO
)
TaskRunFilterId = form("TaskRunFilterId", "Picks task runs by id.", any_=LIST)
TaskRunFilterName = form("TaskRunFilterName", "Picks task runs by name.", any_=LIST, like_=TEXT)
TaskRunFilterTags = form(
    "TaskRunFilterTags", "Picks task runs by tags.", operator=OPERATOR, all_=LIST, is_null_=YES_OR_NO
)
TaskRunFilterStateType = form("TaskRunFilterStateType", "Picks task runs by state type.", any_=LIST)
TaskRunFilterStateName = form("TaskRunFilterStateName", "Picks task runs by state name.", any_=LIST)
TaskRunFilterState = form(
    "TaskRunFilterState",
    "Picks task runs by state.",
    operator=OPERATOR,
    type=TaskRunFilterStateType,
    name=TaskRunFilterStateName,
)
TaskRunFilterSubFlowRuns = form(
    "TaskRunFilterSubFlowRuns", "Picks task runs by whether they started a flow run.", exists_=YES_OR_NO
)
TaskRunFilterStartTime = form(
    "TaskRunFilterStartTime", "Picks task runs by start time.", before_=MOMENT, after_=MOMENT, is_null_=YES_OR_NO
)
TaskRunFilterEndTime = form(
    "TaskRunFilterEndTime", "Picks task runs by end time.", before_=MOMENT, after_=MOMENT, is_null_=YES_OR_NO
)
TaskRunFilter = form(
    "TaskRunFilter",
    "Picks task runs.",
    operator=OPERATOR,
    id=TaskRunFilterId,
    name=TaskRunFilterName,
    tags=TaskRunFilterTags,
    state=TaskRunFilterState,
    start_time=TaskRunFilterStartTime,
    end_time=TaskRunFilterEndTime,
    subflow_runs=TaskRunFilterSubFlowRuns,
    flow_run_id=TaskRunFilterFlowRunId,
)
DeploymentFilterId = form("DeploymentFilterId", "Picks deployments by id.", any_=LIST, not_any_=LIST)
DeploymentFilterName = form("DeploymentFilterName", "Picks deployments by name.", any_=LIST, like_=TEXT)
DeploymentFilterWorkQueueName = form(
    "DeploymentFilterWorkQueueName", "Picks deployments by work queue name.", any_=LIST
)
DeploymentFilterTags = form(
    "DeploymentFilterTags", "Picks deployments by tags.", operator=OPERATOR, all_=LIST, any_=LIST, is_null_=YES_OR_NO
)
DeploymentFilterConcurrencyLimit = form(
    "DeploymentFilterConcurrencyLimit",
    "Picks deployments by concurrency limit.",
    ge_=NUMBER,
    le_=NUMBER,
    is_null_=YES_OR_NO,
)
DeploymentFilter = form(
    "DeploymentFilter",
    "Picks deployments.",
    operator=OPERATOR,
    id=DeploymentFilterId,
    name=DeploymentFilterName,
    tags=DeploymentFilterTags,
    work_queue_name=DeploymentFilterWorkQueueName,
    concurrency_limit=DeploymentFilterConcurrencyLimit,
)
LogFilterLevel = form("LogFilterLevel", "Picks log lines by level.", ge_=NUMBER, le_=NUMBER)
LogFilterTimestamp = form("LogFilterTimestamp", "Picks log lines by timestamp.", before_=MOMENT, after_=MOMENT)
LogFilterFlowRunId = form("LogFilterFlowRunId", "Picks log lines by flow run id.", any_=LIST)
LogFilterTaskRunId = form("LogFilterTaskRunId", "Picks log lines by task run id.", any_=LIST)
LogFilterTextSearch = form("LogFilterTextSearch", "Picks log lines by what their text says.", query=TEXT)
LogFilter = form(
    "LogFilter",
    "Picks log lines.",
    operator=OPERATOR,
    level=LogFilterLevel,
    timestamp=LogFilterTimestamp,
    flow_run_id=LogFilterFlowRunId,
    task_run_id=LogFilterTaskRunId,
    text=LogFilterTextSearch,
)
