"""The addresses of the pages about flows, deployments, their schedules, and the pools they run on."""

from django.urls import re_path

from deployments.pages import (
    backfill,
    badge,
    calendar,
    custom_run,
    deployment,
    deployment_actions,
    deployment_edit,
    deployment_list,
    flow,
    flow_list,
    limit_urls,
    pool_urls,
    schedules,
    versions,
)

app_name = "deployments"

UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
ONE = rf"^deployments/deployment/(?P<deployment_id>{UUID})"
SCHEDULE = rf"(?P<schedule_id>{UUID})"

urlpatterns = [
    re_path(r"^flows/$", flow_list.flow_list, name="flows"),
    re_path(r"^flows$", flow_list.flow_list),
    re_path(rf"^flows/flow/(?P<flow_id>{UUID})/?$", flow.flow, name="flow"),
    re_path(rf"^v2/flows/flow/(?P<flow_id>{UUID})/?$", flow.flow),
    re_path(r"^deployments/$", deployment_list.deployment_list, name="list"),
    re_path(r"^deployments$", deployment_list.deployment_list),
    re_path(r"^deployments/bulk/?$", deployment_actions.bulk, name="bulk"),
    re_path(r"^deployments/t/(?P<short>[\w-]{22})$", deployment.task_of_grid, name="task-of-grid"),
    re_path(rf"{ONE}/?$", deployment.deployment, name="deployment"),
    re_path(rf"^v2/deployments/deployment/(?P<deployment_id>{UUID})/?$", deployment.deployment),
    re_path(rf"{ONE}/run/?$", custom_run.custom_run, name="custom-run"),
    re_path(rf"{ONE}/start/?$", deployment_actions.start, name="start"),
    re_path(rf"{ONE}/switch/?$", deployment_actions.switch, name="switch"),
    re_path(rf"{ONE}/delete/?$", deployment_actions.delete, name="delete"),
    re_path(rf"{ONE}/edit/?$", deployment_edit.edit, name="edit"),
    re_path(rf"{ONE}/duplicate/?$", deployment_edit.duplicate, name="duplicate"),
    re_path(rf"{ONE}/backfill/?$", backfill.backfill, name="backfill"),
    re_path(rf"{ONE}/badge\.svg$", badge.badge, name="badge"),
    re_path(rf"{ONE}/schedules/new/?$", schedules.add_schedule, name="add-schedule"),
    re_path(rf"{ONE}/schedules/{SCHEDULE}/?$", schedules.schedule, name="schedule"),
    re_path(rf"{ONE}/schedules/{SCHEDULE}/switch/?$", schedules.switch_schedule, name="switch-schedule"),
    re_path(rf"{ONE}/schedules/{SCHEDULE}/delete/?$", schedules.remove_schedule, name="delete-schedule"),
    re_path(rf"{ONE}/versions/(?P<number>\d{{1,9}})/?$", versions.version, name="version"),
    re_path(rf"{ONE}/versions/(?P<number>\d{{1,9}})/restore/?$", versions.restore, name="restore"),
    re_path(r"^calendar/$", calendar.calendar, name="calendar"),
    re_path(r"^calendar$", calendar.calendar),
    *pool_urls.urlpatterns,
    *limit_urls.urlpatterns,
]
