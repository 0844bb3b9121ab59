"""Which runs, flows, deployments and log lines are meant: filters, under the names that Prefect's have.

    FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=["FAILED"])))
    FlowRunFilter(state={"type": {"any_": ["FAILED"]}})  # means the same

All fields of a filter must be true of a thing, or with `operator="or_"` one of them.
"""

from __future__ import annotations

from orchestrator.sdk.server_client.forms import LIST, MOMENT, NUMBER, OPERATOR, TEXT, YES_OR_NO, form

FlowFilterId = form("FlowFilterId", "Which flows, by id.", any_=LIST)
FlowFilterName = form("FlowFilterName", "Which flows, by name.", any_=LIST, like_=TEXT)
FlowFilterTags = form("FlowFilterTags", "Which flows, by tags.", operator=OPERATOR, all_=LIST, is_null_=YES_OR_NO)
FlowFilter = form(
    "FlowFilter", "Which flows.", operator=OPERATOR, id=FlowFilterId, name=FlowFilterName, tags=FlowFilterTags
)
FlowRunFilterId = form("FlowRunFilterId", "Which flow runs, by id.", any_=LIST, not_any_=LIST)
FlowRunFilterName = form("FlowRunFilterName", "Which flow runs, by name.", any_=LIST, like_=TEXT)
FlowRunFilterTags = form(
    "FlowRunFilterTags", "Which flow runs, by tags.", operator=OPERATOR, all_=LIST, any_=LIST, is_null_=YES_OR_NO
)
FlowRunFilterDeploymentId = form(
    "FlowRunFilterDeploymentId", "Which flow runs, by deployment id.", operator=OPERATOR, any_=LIST, is_null_=YES_OR_NO
)
FlowRunFilterWorkQueueName = form(
    "FlowRunFilterWorkQueueName",
    "Which flow runs, by work queue name.",
    operator=OPERATOR,
    any_=LIST,
    is_null_=YES_OR_NO,
)
FlowRunFilterStateType = form("FlowRunFilterStateType", "Which flow runs, by state type.", any_=LIST, not_any_=LIST)
FlowRunFilterStateName = form("FlowRunFilterStateName", "Which flow runs, by state name.", any_=LIST, not_any_=LIST)
FlowRunFilterState = form(
    "FlowRunFilterState",
    "Which flow runs, by state.",
    operator=OPERATOR,
    type=FlowRunFilterStateType,
    name=FlowRunFilterStateName,
)
FlowRunFilterFlowVersion = form("FlowRunFilterFlowVersion", "Which flow runs, by flow version.", any_=LIST)
FlowRunFilterStartTime = form(
    "FlowRunFilterStartTime", "Which flow runs, by start time.", before_=MOMENT, after_=MOMENT, is_null_=YES_OR_NO
)
FlowRunFilterEndTime = form(
    "FlowRunFilterEndTime", "Which flow runs, by end time.", before_=MOMENT, after_=MOMENT, is_null_=YES_OR_NO
)
FlowRunFilterExpectedStartTime = form(
    "FlowRunFilterExpectedStartTime", "Which flow runs, by expected start time.", before_=MOMENT, after_=MOMENT
)
FlowRunFilterNextScheduledStartTime = form(
    "FlowRunFilterNextScheduledStartTime",
    "Which flow runs, by next scheduled start time.",
    before_=MOMENT,
    after_=MOMENT,
)
FlowRunFilterParentFlowRunId = form(
    "FlowRunFilterParentFlowRunId", "Which flow runs, by parent flow run id.", operator=OPERATOR, any_=LIST
)
FlowRunFilterParentTaskRunId = form(
    "FlowRunFilterParentTaskRunId",
    "Which flow runs, by parent task run id.",
    operator=OPERATOR,
    any_=LIST,
    is_null_=YES_OR_NO,
)
FlowRunFilterIdempotencyKey = form(
    "FlowRunFilterIdempotencyKey", "Which flow runs, by idempotency key.", any_=LIST, not_any_=LIST
)
FlowRunFilterCreatedBy = form(
    "FlowRunFilterCreatedBy",
    "Which flow runs, by created by.",
    operator=OPERATOR,
    id_=LIST,
    type_=LIST,
    is_null_=YES_OR_NO,
)
FlowRunFilter = form(
    "FlowRunFilter",
    "Which flow runs.",
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
    "TaskRunFilterFlowRunId", "Which task runs, by flow run id.", any_=LIST, is_null_=YES_OR_NO
)
TaskRunFilterId = form("TaskRunFilterId", "Which task runs, by id.", any_=LIST)
TaskRunFilterName = form("TaskRunFilterName", "Which task runs, by name.", any_=LIST, like_=TEXT)
TaskRunFilterTags = form(
    "TaskRunFilterTags", "Which task runs, by tags.", operator=OPERATOR, all_=LIST, is_null_=YES_OR_NO
)
TaskRunFilterStateType = form("TaskRunFilterStateType", "Which task runs, by state type.", any_=LIST)
TaskRunFilterStateName = form("TaskRunFilterStateName", "Which task runs, by state name.", any_=LIST)
TaskRunFilterState = form(
    "TaskRunFilterState",
    "Which task runs, by state.",
    operator=OPERATOR,
    type=TaskRunFilterStateType,
    name=TaskRunFilterStateName,
)
TaskRunFilterSubFlowRuns = form("TaskRunFilterSubFlowRuns", "Which task runs, by sub flow runs.", exists_=YES_OR_NO)
TaskRunFilterStartTime = form(
    "TaskRunFilterStartTime", "Which task runs, by start time.", before_=MOMENT, after_=MOMENT, is_null_=YES_OR_NO
)
TaskRunFilterEndTime = form(
    "TaskRunFilterEndTime", "Which task runs, by end time.", before_=MOMENT, after_=MOMENT, is_null_=YES_OR_NO
)
TaskRunFilter = form(
    "TaskRunFilter",
    "Which task runs.",
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
DeploymentFilterId = form("DeploymentFilterId", "Which deployments, by id.", any_=LIST, not_any_=LIST)
DeploymentFilterName = form("DeploymentFilterName", "Which deployments, by name.", any_=LIST, like_=TEXT)
DeploymentFilterWorkQueueName = form(
    "DeploymentFilterWorkQueueName", "Which deployments, by work queue name.", any_=LIST
)
DeploymentFilterTags = form(
    "DeploymentFilterTags", "Which deployments, by tags.", operator=OPERATOR, all_=LIST, any_=LIST, is_null_=YES_OR_NO
)
DeploymentFilterConcurrencyLimit = form(
    "DeploymentFilterConcurrencyLimit",
    "Which deployments, by concurrency limit.",
    ge_=NUMBER,
    le_=NUMBER,
    is_null_=YES_OR_NO,
)
DeploymentFilter = form(
    "DeploymentFilter",
    "Which deployments.",
    operator=OPERATOR,
    id=DeploymentFilterId,
    name=DeploymentFilterName,
    tags=DeploymentFilterTags,
    work_queue_name=DeploymentFilterWorkQueueName,
    concurrency_limit=DeploymentFilterConcurrencyLimit,
)
LogFilterName = form("LogFilterName", "Which log lines, by name.", any_=LIST)
LogFilterLevel = form("LogFilterLevel", "Which log lines, by level.", ge_=NUMBER, le_=NUMBER)
LogFilterTimestamp = form("LogFilterTimestamp", "Which log lines, by timestamp.", before_=MOMENT, after_=MOMENT)
LogFilterFlowRunId = form("LogFilterFlowRunId", "Which log lines, by flow run id.", any_=LIST)
LogFilterTaskRunId = form("LogFilterTaskRunId", "Which log lines, by task run id.", any_=LIST)
LogFilterTextSearch = form("LogFilterTextSearch", "Which log lines, by text search.", query=TEXT)
LogFilter = form(
    "LogFilter",
    "Which log lines.",
    operator=OPERATOR,
    level=LogFilterLevel,
    timestamp=LogFilterTimestamp,
    flow_run_id=LogFilterFlowRunId,
    task_run_id=LogFilterTaskRunId,
    text=LogFilterTextSearch,
)
