"""The addresses of the pages about runs, those that clients print in their links among them."""

from django.urls import re_path

from runs.pages import answer, artifact, artifacts, bulk, bulk_action, run_list, services, task_list, views
from runs.pages.errors import group as error_group
from runs.pages.errors import list as error_list
from runs.pages.flow_run import actions as on_run
from runs.pages.flow_run import compare, neighbours, sections
from runs.pages.flow_run import view as flow_run
from runs.pages.logs import downloads, page
from runs.pages.task_run import view as task_run

app_name = "runs"

ID = r"(?P<run_id>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"

urlpatterns = [
    re_path(r"^runs$", run_list.run_list),
    re_path(r"^runs/$", run_list.run_list, name="list"),
    re_path(r"^runs/tasks/?$", task_list.task_list, name="tasks"),
    re_path(r"^runs/bulk/?$", bulk.bulk, name="bulk"),
    re_path(rf"^runs/bulk/{ID.replace('run_id', 'action_id')}/?$", bulk_action.bulk_action, name="bulk-action"),
    re_path(rf"^runs/bulk/{ID.replace('run_id', 'action_id')}/stop/?$", bulk_action.stop, name="stop-bulk-action"),
    re_path(r"^views/?$", views.views, name="views"),
    re_path(r"^views/save/?$", views.save, name="save-view"),
    re_path(r"^views/(?P<view_id>[0-9]{1,18})/change/?$", views.change, name="change-view"),
    re_path(r"^services/?$", services.services, name="services"),
    re_path(r"^services/run/?$", services.run_now, name="run-service"),
    re_path(r"^services/pause/?$", services.pause, name="pause-service"),
    re_path(r"^services/resume/?$", services.resume, name="resume-service"),
    re_path(rf"^runs/flow-run/{ID}/?$", flow_run.flow_run, name="flow-run"),
    re_path(rf"^runs/flow-run/{ID}/(?P<view>timeline|graph|tasks)/?$", flow_run.flow_run, name="flow-run-view"),
    re_path(rf"^runs/flow-run/{ID}/(?P<step>previous|next)/?$", neighbours.neighbour, name="neighbour"),
    re_path(rf"^runs/flow-run/{ID}/params/?$", sections.params, name="params"),
    re_path(rf"^runs/flow-run/{ID}/history/?$", sections.history, name="history"),
    re_path(rf"^runs/flow-run/{ID}/artifacts/?$", sections.artifacts, name="run-artifacts"),
    re_path(rf"^runs/flow-run/{ID}/compare/?$", compare.compare, name="compare"),
    re_path(rf"^runs/flow-run/{ID}/cancel/?$", on_run.cancel, name="cancel"),
    re_path(rf"^runs/flow-run/{ID}/retry/?$", on_run.retry, name="retry"),
    re_path(rf"^runs/flow-run/{ID}/pause/?$", on_run.pause, name="pause"),
    re_path(rf"^runs/flow-run/{ID}/resume/?$", on_run.resume, name="resume"),
    re_path(rf"^runs/flow-run/{ID}/answer/?$", answer.answer, name="answer"),
    re_path(rf"^runs/flow-run/{ID}/set-state/?$", on_run.set_state, name="set-state"),
    re_path(rf"^runs/flow-run/{ID}/tags/?$", on_run.set_tags, name="set-tags"),
    re_path(rf"^runs/flow-run/{ID}/delete/?$", on_run.delete, name="delete"),
    re_path(rf"^(?:v2/runs|flow-runs|v2/flow-runs)/flow-run/{ID}/?$", flow_run.flow_run),
    re_path(rf"^runs/task-run/{ID}/?$", task_run.task_run, name="task-run"),
    re_path(rf"^(?:v2/runs|task-runs|v2/task-runs)/task-run/{ID}/?$", task_run.task_run),
    re_path(r"^errors/?$", error_list.errors, name="errors"),
    re_path(r"^errors/(?P<fingerprint>[0-9a-f]{16})/?$", error_group.error, name="error"),
    re_path(r"^errors/(?P<fingerprint>[0-9a-f]{16})/known/?$", error_group.mark, name="mark-error"),
    re_path(r"^errors/(?P<fingerprint>[0-9a-f]{16})/unknown/?$", error_group.forget, name="forget-error"),
    re_path(rf"^runs/flow-run/{ID}/logs/?$", page.run_logs, name="logs"),
    re_path(rf"^runs/flow-run/{ID}/logs\.(?P<kind>txt|csv|ndjson)$", downloads.download_run_logs, name="log-file"),
    re_path(rf"^runs/task-run/{ID}/logs/?$", page.task_logs, name="task-logs"),
    re_path(rf"^runs/task-run/{ID}/logs\.(?P<kind>txt|csv|ndjson)$", downloads.download_task_logs),
    re_path(r"^artifacts/?$", artifacts.artifacts, name="artifacts"),
    re_path(r"^artifacts/key/(?P<key>[^/]+)/?$", artifact.artifact_key, name="artifact-key"),
    re_path(
        rf"^(?:v2/)?artifacts/artifact/{ID.replace('run_id', 'artifact_id')}/?$", artifact.artifact, name="artifact"
    ),
    re_path(
        rf"^artifacts/artifact/{ID.replace('run_id', 'artifact_id')}/delete/?$", artifact.delete, name="delete-artifact"
    ),
]
