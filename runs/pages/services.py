"""`/services`: what runs by itself, how it does, and what was deleted because it was kept no longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from orchestrator.pages.actions import action, confirm, done, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.words import duration_words
from orchestrator.periodic.registry import Service, UnknownService, find_service
from orchestrator.periodic.rows import RowNotFound, switch_service
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
TROUBLE = (Condition.FAILING, Condition.OVERDUE)
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
        return short_duration(self.status.record.last_duration_seconds)

    @property
    def lag(self) -> str:
        return short_duration(self.status.record.last_lag_seconds)

    @property
    def can_be_paused(self) -> bool:
        """Whether this server goes by its row for beat, and the row is on."""
        return self.status.row_id is not None and self.status.is_enabled

    @property
    def can_be_resumed(self) -> bool:
        return self.status.row_id is not None and not self.status.is_enabled and self.status.name in settings.SERVICES


def service_rows() -> list[Row]:
    """Every service, by name. Two queries."""
    return [Row(status, *LOOKS[status.condition]) for status in service_statuses()]


@require_safe
@page
def services(request: HttpRequest) -> HttpResponseBase:
    rows = service_rows()
    context: dict[str, Any] = {
        "now": timezone.now(),
        "section": "services",
        "anything_live": True,
        "rows": rows,
        "troubled": [row for row in rows if row.status.condition in TROUBLE],
        "nobody_works": all(row.status.condition in (Condition.OVERDUE, Condition.OFF, Condition.NEW) for row in rows),
    }
    if "fragment" not in request.GET:
        context["reports"] = list(RetentionReport.objects.order_by("-at")[:REPORTS])
    return render_page(request, "services/list.html", context, fragments={"services": "services/rows.html"})


@action
def run_now(request: HttpRequest) -> HttpResponseBase:
    """Ask for a round of one service outside its time."""
    here = address_of("services")
    try:
        service = _service(request)
    except UnknownService:
        return no_such(request, "service", request.POST.get("name", "")[:100])
    try:
        current_app.send_task(service.task_name, ignore_result=True, retry=False, expires=60)
    except OperationalError as error:
        words = f"{service.name} was not asked to run: the broker cannot be reached ({error})."
        return refused(request, words, here)
    return done(request, f"{service.name} is asked to run.", here)


@action(needs="administer")
def pause(request: HttpRequest) -> HttpResponseBase:
    """Beat sends for it no more, on any server of this database, until somebody resumes it."""
    try:
        service = _service(request)
    except UnknownService:
        return no_such(request, "service", request.POST.get("name", "")[:100])
    question = confirm(
        request,
        title=f"Pause {service.name}",
        sentence="The service does nothing until it is resumed, on every server that uses this database.",
        button="Pause it",
        back=address_of("services"),
        rows=[("What it does", service.description)],
    )
    return question or _switch(request, service, on=False, words=f"{service.name} is paused.")


@action(needs="administer")
def resume(request: HttpRequest) -> HttpResponseBase:
    try:
        service = _service(request)
    except UnknownService:
        return no_such(request, "service", request.POST.get("name", "")[:100])
    return _switch(request, service, on=True, words=f"{service.name} runs again by itself.")


def short_duration(seconds: float | None) -> str:
    """A duration in words; most services take but milliseconds."""
    return f"{seconds * 1000:.0f} ms" if seconds is not None and seconds < 1 else duration_words(seconds)


def _service(request: HttpRequest) -> Service:
    """Raises UnknownService."""
    return find_service(request.POST.get("name", ""))


def _switch(request: HttpRequest, service: Service, *, on: bool, words: str) -> HttpResponseBase:
    try:
        switch_service(name=service.name, on=on)
    except RowNotFound:
        return refused(request, f"{service.name} has no row for beat, which would start it.", address_of("services"))
    return done(request, words, address_of("services"))
