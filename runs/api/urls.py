"""Every address about flows, runs, states and logs, below /api/. A trailing slash is optional everywhere."""

from django.urls import path

from orchestrator.rest.lists import count_view, filter_view, page_view
from runs.api import (
    artifacts,
    bulk,
    concurrency_holders,
    concurrency_limits,
    concurrency_of_tags,
    errors,
    flow_runs,
    flows,
    graphs,
    histories,
    inputs,
    logs,
    saved_searches,
    services,
    shapes,
    states,
    task_runs,
    task_workers,
    ui_flow_runs,
    ui_schemas,
    ui_task_runs,
)
from runs.api.answers import flow_answers, flow_run_answers, log_answers, task_run_answers, task_run_page_answers
from runs.api.artifact_filters import ARTIFACTS, COLLECTIONS
from runs.api.artifact_shapes import Artifact, ArtifactCollection, artifact_answers, collection_answers
from runs.api.counts import count_runs
from runs.api.filters import FLOW_RUNS, FLOWS, LOGS, TASK_RUNS

errors.register()

urlpatterns = [
    path("flows", flows.Flows.as_view()),
    path("flows/filter", filter_view(FLOWS, flow_answers, shapes.Flow)),
    path("flows/count", count_view(FLOWS)),
    path("flows/paginate", page_view(FLOWS, flow_answers, shapes.Flow)),
    path("flows/bulk_delete", bulk.BulkDeleteFlows.as_view()),
    path("flows/name/<str:name>", flows.FlowByName.as_view()),
    path("flows/<id:flow_id>", flows.FlowById.as_view()),
    #
    path("flow_runs", flow_runs.FlowRuns.as_view()),
    path("flow_runs/filter", filter_view(FLOW_RUNS, flow_run_answers, shapes.FlowRunResponse, by_columns=True)),
    path("flow_runs/count", count_view(FLOW_RUNS, count_runs)),
    path(
        "flow_runs/paginate",
        page_view(FLOW_RUNS, flow_run_answers, shapes.FlowRunResponse, by_columns=True, count=count_runs),
    ),
    path("flow_runs/history", histories.FlowRunHistory.as_view()),
    path("flow_runs/lateness", histories.FlowRunLateness.as_view()),
    path("flow_runs/bulk_delete", bulk.BulkDeleteFlowRuns.as_view()),
    path("flow_runs/bulk_set_state", bulk.BulkSetFlowRunState.as_view()),
    path("flow_runs/<id:run_id>/set_state", states.SetFlowRunState.as_view()),
    path("flow_runs/<id:run_id>/resume", states.ResumeFlowRun.as_view()),
    path("flow_runs/<id:flow_run_id>", flow_runs.FlowRunById.as_view()),
    path("flow_runs/<id:flow_run_id>/input", inputs.FlowRunInputs.as_view()),
    path("flow_runs/<id:flow_run_id>/input/filter", inputs.FlowRunInputList.as_view()),
    path("flow_runs/<id:flow_run_id>/input/<str:key>", inputs.FlowRunInputByKey.as_view()),
    path("flow_runs/<id:flow_run_id>/labels", flow_runs.FlowRunLabels.as_view()),
    path("flow_runs/<id:flow_run_id>/graph", graphs.FlowRunDependencies.as_view()),
    path("flow_runs/<id:flow_run_id>/graph-v2", graphs.FlowRunGraph.as_view()),
    path("flow_runs/<id:flow_run_id>/logs/download", logs.LogDownload.as_view()),
    #
    path("task_runs", task_runs.TaskRuns.as_view()),
    path("task_runs/filter", filter_view(TASK_RUNS, task_run_answers, shapes.TaskRun, by_columns=True)),
    path("task_runs/count", count_view(TASK_RUNS, count_runs)),
    path(
        "task_runs/paginate",
        page_view(TASK_RUNS, task_run_page_answers, shapes.TaskRunResponse, by_columns=True, count=count_runs),
    ),
    path("task_runs/history", histories.TaskRunHistory.as_view()),
    path("task_runs/<id:run_id>/set_state", states.SetTaskRunState.as_view()),
    path("task_runs/<id:task_run_id>", task_runs.TaskRunById.as_view()),
    #
    path("task_workers/filter", task_workers.TaskWorkers.as_view()),
    #
    path("flow_run_states", states.FlowRunStates.as_view()),
    path("flow_run_states/<id:state_id>", states.FlowRunStateById.as_view()),
    path("task_run_states", states.TaskRunStates.as_view()),
    path("task_run_states/<id:state_id>", states.TaskRunStateById.as_view()),
    #
    path("artifacts", artifacts.Artifacts.as_view()),
    path("artifacts/filter", filter_view(ARTIFACTS, artifact_answers, Artifact, by_columns=True)),
    path("artifacts/count", count_view(ARTIFACTS)),
    path("artifacts/latest/filter", filter_view(COLLECTIONS, collection_answers, ArtifactCollection, by_columns=True)),
    path("artifacts/latest/count", count_view(COLLECTIONS)),
    path("artifacts/<id:artifact_id>", artifacts.ArtifactById.as_view()),
    path("artifacts/<str:key>/latest", artifacts.LatestArtifact.as_view()),
    #
    path("saved_searches", saved_searches.SavedSearches.as_view()),
    path("saved_searches/filter", saved_searches.SavedSearchList.as_view()),
    path("saved_searches/<id:search_id>", saved_searches.SavedSearchById.as_view()),
    #
    path("ui/flow_runs/history", ui_flow_runs.FlowRunBars.as_view()),
    path("ui/flow_runs/count-task-runs", ui_flow_runs.TaskRunsOfFlowRuns.as_view()),
    path("ui/task_runs/count", ui_task_runs.TaskRunCounts.as_view()),
    path("ui/task_runs/dashboard/counts", ui_task_runs.DashboardCounts.as_view()),
    path("ui/task_runs/<id:task_run_id>", ui_task_runs.NamedTaskRun.as_view()),
    path("ui/schemas/validate", ui_schemas.ValidatedValues.as_view()),
    #
    path("services", services.Services.as_view()),
    #
    path("logs", logs.Logs.as_view()),
    path("logs/filter", filter_view(LOGS, log_answers, shapes.Log, by_columns=True)),
    #
    path("concurrency_limits", concurrency_of_tags.TagLimits.as_view()),
    path("concurrency_limits/filter", concurrency_of_tags.TagLimitList.as_view()),
    path("concurrency_limits/increment", concurrency_of_tags.TakenTagSlots.as_view()),
    path("concurrency_limits/decrement", concurrency_of_tags.ReturnedTagSlots.as_view()),
    path("concurrency_limits/<id:limit_id>", concurrency_of_tags.TagLimitById.as_view()),
    path("concurrency_limits/tag/<str:tag>", concurrency_of_tags.TagLimitByTag.as_view()),
    path("concurrency_limits/tag/<str:tag>/reset", concurrency_of_tags.ResetTagLimit.as_view()),
    #
    path("v2/concurrency_limits", concurrency_limits.ConcurrencyLimits.as_view()),
    path("v2/concurrency_limits/filter", concurrency_limits.ConcurrencyLimitList.as_view()),
    path("v2/concurrency_limits/increment", concurrency_limits.TakenSlots.as_view()),
    path("v2/concurrency_limits/increment-with-lease", concurrency_limits.LeasedSlots.as_view()),
    path("v2/concurrency_limits/leases/<id:lease_id>/renew", concurrency_limits.RenewedLease.as_view()),
    path("v2/concurrency_limits/decrement", concurrency_limits.ReturnedSlots.as_view()),
    path("v2/concurrency_limits/decrement-with-lease", concurrency_limits.ReturnedLeases.as_view()),
    path("v2/concurrency_limits/<str:id_or_name>", concurrency_limits.ConcurrencyLimitByIdOrName.as_view()),
    path("v2/concurrency_limits/<str:id_or_name>/holders", concurrency_holders.ConcurrencyLimitHolders.as_view()),
]
