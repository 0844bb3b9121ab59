"""`…/backfill`: runs for times that are past. A range, then how many runs that makes, then the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from deployments.errors import CannotBePlanned, DeploymentsError
from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.deployment import find_deployment
from deployments.pages.parameter_rows import parameter_rows
from deployments.pages.pauses import maker_on_pages
from deployments.pages.schedule_words import schedule_words
from deployments.services.backfills import MOST_RUNS, Backfill, plan_backfill, run_backfill
from orchestrator.pages.actions import done, forbidden, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page
from orchestrator.pages.roles import may

_TYPED = "%Y-%m-%dT%H:%M"
MOST_ERRORS = 3


@dataclass(slots=True)
class BackfillForm:
    schedule: DeploymentSchedule | None
    since: str
    until: str
    parameter: str
    start: datetime | None = None
    end: datetime | None = None
    errors: dict[str, str] = field(default_factory=dict)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def backfill(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    """With GET the form, and with a range in the address what it would make; with POST the runs are made."""
    deployment = find_deployment(deployment_id)
    if deployment is None:
        return no_such(request, "deployment", deployment_id)
    if not may(request, "operate"):
        return forbidden(request)
    schedules = list(DeploymentSchedule.objects.filter(deployment=deployment).order_by("-active", "pk")[:50])
    form = _read(request, schedules)
    found = _plan(deployment, form)
    if request.method == "POST" and found is not None and not form.errors:
        return _make(request, deployment, form, found)
    context: dict[str, Any] = {
        "section": "deployments",
        "deployment": deployment,
        "schedules": [(one, schedule_words(one.schedule)) for one in schedules],
        "form": form,
        "zone": _zone(form.schedule),
        "found": found,
        "parameters": [row.name for row in parameter_rows(deployment.parameter_openapi_schema, deployment.parameters)],
        "most": MOST_RUNS,
    }
    return render(request, "deployments/backfill.html", context, status=422 if form.errors else 200)


def _make(request: HttpRequest, deployment: Deployment, form: BackfillForm, found: Backfill) -> HttpResponseBase:
    try:
        made = run_backfill(
            deployment=deployment, times=found.times, parameter=form.parameter, created_by=maker_on_pages(request)
        )
    except DeploymentsError as error:
        return refused(request, str(error), address_of("deployment", deployment.pk))
    if made.errors:
        reasons = " ".join(made.errors[:MOST_ERRORS])
        return refused(
            request,
            f"{made.number} runs are made, others could not be: {reasons}",
            "deployments:backfill",
            deployment.pk,
        )
    runs = "1 run is" if made.number == 1 else f"{made.number} runs are"
    return done(request, f"{runs} planned for {deployment.name}.", address_of("deployment", deployment.pk))


def _read(request: HttpRequest, schedules: Sequence[DeploymentSchedule]) -> BackfillForm:
    asked = request.POST if request.method == "POST" else request.GET
    by_id = {str(one.pk): one for one in schedules}
    chosen = by_id.get(asked.get("schedule", ""), schedules[0] if schedules else None)
    zone = ZoneInfo(_zone(chosen))
    midnight = timezone.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    form = BackfillForm(
        schedule=chosen,
        since=asked.get("since", "") or f"{midnight - timedelta(days=7):{_TYPED}}",
        until=asked.get("until", "") or f"{midnight:{_TYPED}}",
        parameter=asked.get("parameter", "").strip(),
    )
    form.start = _moment(form, "since", form.since, zone)
    form.end = _moment(form, "until", form.until, zone)
    if form.start and form.end and form.start >= form.end:
        form.errors["until"] = "The end has to come after the beginning."
    return form


def _plan(deployment: Deployment, form: BackfillForm) -> Backfill | None:
    if form.schedule is None or form.start is None or form.end is None or form.errors:
        return None
    try:
        return plan_backfill(deployment=deployment, schedule=form.schedule.schedule, start=form.start, end=form.end)
    except CannotBePlanned as problem:
        form.errors["schedule"] = str(problem)
        return None


def _moment(form: BackfillForm, name: str, text: str, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except ValueError:
        form.errors[name] = "This is no time; a time looks like 2026-11-21T18:30."
        return None


def _zone(schedule: DeploymentSchedule | None) -> str:
    return (schedule.schedule.get("timezone") if schedule else None) or "UTC"
