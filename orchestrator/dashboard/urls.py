"""The addresses of the pages that look into every room."""

from __future__ import annotations

from django.urls import re_path

from orchestrator.dashboard import automation
from orchestrator.dashboard.attention import actions
from orchestrator.dashboard.overview.view import overview
from orchestrator.dashboard.search.view import search
from orchestrator.dashboard.settings_page import settings_page
from orchestrator.dashboard.status.view import status

app_name = "dashboard"

ID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
AUTOMATION = rf"^automations/automation/(?P<automation_id>{ID})"

urlpatterns = [
    re_path(r"^$", overview, name="overview"),
    re_path(r"^search/?$", search, name="search"),
    re_path(r"^settings/?$", settings_page, name="settings"),
    re_path(r"^status/?$", status, name="status"),
    re_path(rf"{AUTOMATION}/?$", automation.automation, name="automation"),
    re_path(rf"{AUTOMATION}/switch/?$", automation.switch, name="switch-automation"),
    re_path(r"^attention/retry/?$", actions.retry, name="retry"),
    re_path(r"^attention/cancel-waiting/?$", actions.cancel_waiting, name="cancel-waiting"),
    re_path(r"^attention/pause-deployment/?$", actions.pause_deployment, name="pause-deployment"),
    re_path(r"^attention/resume-deployment/?$", actions.resume_deployment, name="resume-deployment"),
    re_path(r"^attention/snooze/?$", actions.snooze_cause, name="snooze"),
    re_path(r"^attention/wake/?$", actions.wake, name="wake"),
]
