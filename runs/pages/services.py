"""`/services`: what runs by itself, how it does, and what was deleted because it was kept no longer."""

from __future__ import annotations

from dataclasses import dataclass

from celery import current_app
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from orchestrator.live.page import no_such, page, render_page
from orchestrator.live.words import duration_words
from orchestrator.periodic.registry import UnknownService, find_service
from orchestrator.periodic.status import Condition, ServiceStatus, service_statuses
from runs.models import RetentionReport

# How each condition looks: colour, icon and word.
LOOKS = {
    Condition.OK: ("completed", "check", "OK"),
    Condition.NEW: ("scheduled", "dots", "Not yet run"),
    Condition.FAILING: ("failed", "cross", "Failing"),
    Condition.OVERDUE: ("late", "alarm", "Overdue"),
    Condition.OFF: ("cancelled", "stop", "Off"),
}
REPORTS = 10  # of retention that are shown


@dataclass(frozen=True, slots=True)
class Row:
    """A service with how its condition looks."""

    status: ServiceStatus
    tone: str
    icon: str
    word: str

    @property
    def took(self) -> str:
        return _short(self.status.record.last_duration_seconds)

    @property
    def lag(self) -> str:
        return _short(self.status.record.last_lag_seconds)


@require_safe
@page
def services(request: HttpRequest) -> HttpResponseBase:
    rows = [Row(status, *LOOKS[status.condition]) for status in service_statuses()]
    context = {
        "now": timezone.now(),
        "section": "services",
        "rows": rows,
        "troubled": [row for row in rows if row.status.condition in (Condition.FAILING, Condition.OVERDUE)],
        "nobody_works": all(row.status.condition in (Condition.OVERDUE, Condition.OFF, Condition.NEW) for row in rows),
        "may_change": request.user.is_staff,
        "reports": list(RetentionReport.objects.order_by("-at")[:REPORTS]),
    }
    return render_page(request, "services/list.html", context)


@require_POST
@page
def run_now(request: HttpRequest) -> HttpResponseBase:
    """Ask for a round of one service outside its time."""
    try:
        service = find_service(request.POST.get("name", ""))
    except UnknownService:
        return no_such(request, "service", request.POST.get("name", "")[:100])
    try:
        current_app.send_task(service.task_name, ignore_result=True, retry=False, expires=60)
    except OperationalError as error:
        messages.error(request, f"{service.name} was not asked to run: the broker cannot be reached ({error}).")
    else:
        messages.success(request, f"{service.name} is asked to run.")
    response = redirect("runs:services")
    response.status_code = 303
    return response


def _short(seconds: float | None) -> str:
    """A duration in words; most services take but milliseconds."""
    return f"{seconds * 1000:.0f} ms" if seconds is not None and seconds < 1 else duration_words(seconds)
