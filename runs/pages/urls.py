"""The addresses of the pages about runs, those that clients print in their links among them."""

from django.urls import re_path

from runs.pages import flow_run, run_list, services, task_run

app_name = "runs"

ID = r"(?P<run_id>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"

urlpatterns = [
    re_path(r"^$", run_list.home, name="home"),
    re_path(r"^runs$", run_list.run_list),
    re_path(r"^runs/$", run_list.run_list, name="list"),
    re_path(r"^services/?$", services.services, name="services"),
    re_path(r"^services/run/?$", services.run_now, name="run-service"),
    re_path(rf"^runs/flow-run/{ID}/?$", flow_run.flow_run, name="flow-run"),
    re_path(rf"^runs/flow-run/{ID}/cancel/?$", flow_run.cancel, name="cancel"),
    re_path(rf"^(?:v2/runs|flow-runs|v2/flow-runs)/flow-run/{ID}/?$", flow_run.flow_run),
    re_path(rf"^runs/task-run/{ID}/?$", task_run.task_run, name="task-run"),
    re_path(rf"^(?:v2/runs|task-runs|v2/task-runs)/task-run/{ID}/?$", task_run.task_run),
]
