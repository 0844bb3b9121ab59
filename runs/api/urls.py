"""Every address about flows, runs, states and logs, below /api/. A trailing slash is optional everywhere."""

from django.urls import path

from orchestrator.rest.lists import count_view, filter_view, page_view
from runs.api import bulk, concurrency_limits, errors, flow_runs, flows, graphs, histories, logs, states, task_runs
from runs.api.answers import flow_answers, flow_run_answers, log_answers, task_run_answers
from runs.api.filters import FLOW_RUNS, FLOWS, LOGS, TASK_RUNS

errors.register()

urlpatterns = [
    path("flows", flows.Flows.as_view()),
    path("flows/filter", filter_view(FLOWS, flow_answers)),
    path("flows/count", count_view(FLOWS)),
    path("flows/paginate", page_view(FLOWS, flow_answers)),
    path("flows/bulk_delete", bulk.BulkDeleteFlows.as_view()),
    path("flows/name/<str:name>", flows.FlowByName.as_view()),
    path("flows/<id:flow_id>", flows.FlowById.as_view()),
    #
    path("flow_runs", flow_runs.FlowRuns.as_view()),
    path("flow_runs/filter", filter_view(FLOW_RUNS, flow_run_answers)),
    path("flow_runs/count", count_view(FLOW_RUNS)),
    path("flow_runs/paginate", page_view(FLOW_RUNS, flow_run_answers)),
    path("flow_runs/history", histories.FlowRunHistory.as_view()),
    path("flow_runs/lateness", histories.FlowRunLateness.as_view()),
    path("flow_runs/bulk_delete", bulk.BulkDeleteFlowRuns.as_view()),
    path("flow_runs/bulk_set_state", bulk.BulkSetFlowRunState.as_view()),
    path("flow_runs/<id:run_id>/set_state", states.SetFlowRunState.as_view()),
    path("flow_runs/<id:run_id>/resume", states.ResumeFlowRun.as_view()),
    path("flow_runs/<id:flow_run_id>", flow_runs.FlowRunById.as_view()),
    path("flow_runs/<id:flow_run_id>/labels", flow_runs.FlowRunLabels.as_view()),
    path("flow_runs/<id:flow_run_id>/graph", graphs.FlowRunDependencies.as_view()),
    path("flow_runs/<id:flow_run_id>/graph-v2", graphs.FlowRunGraph.as_view()),
    path("flow_runs/<id:flow_run_id>/logs/download", logs.LogDownload.as_view()),
    #
    path("task_runs", task_runs.TaskRuns.as_view()),
    path("task_runs/filter", filter_view(TASK_RUNS, task_run_answers)),
    path("task_runs/count", count_view(TASK_RUNS)),
    path("task_runs/paginate", page_view(TASK_RUNS, task_run_answers)),
    path("task_runs/history", histories.TaskRunHistory.as_view()),
    path("task_runs/<id:run_id>/set_state", states.SetTaskRunState.as_view()),
    path("task_runs/<id:task_run_id>", task_runs.TaskRunById.as_view()),
    #
    path("flow_run_states", states.FlowRunStates.as_view()),
    path("flow_run_states/<id:state_id>", states.FlowRunStateById.as_view()),
    path("task_run_states", states.TaskRunStates.as_view()),
    path("task_run_states/<id:state_id>", states.TaskRunStateById.as_view()),
    #
    path("logs", logs.Logs.as_view()),
    path("logs/filter", filter_view(LOGS, log_answers)),
    #
    path("v2/concurrency_limits/increment", concurrency_limits.TakenSlots.as_view()),
    path("v2/concurrency_limits/increment-with-lease", concurrency_limits.LeasedSlots.as_view()),
    path("v2/concurrency_limits/leases/<id:lease_id>/renew", concurrency_limits.RenewedLease.as_view()),
    path("v2/concurrency_limits/decrement-with-lease", concurrency_limits.ReturnedLeases.as_view()),
]
