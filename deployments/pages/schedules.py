"""Schedules of a deployment: added, changed, switched on and off, deleted, with their next times before that."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from deployments.errors import AlreadyExists, DeploymentsError, InvalidSchedules
from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.deployment import find_deployment
from deployments.pages.pauses import author_on_pages
from deployments.pages.schedule_form import KINDS, UNITS, ScheduleForm
from deployments.pages.schedule_preview import preview_of
from deployments.pages.schedule_words import schedule_words
from deployments.services.schedules import add_schedules, delete_schedule, update_schedule
from orchestrator.pages.actions import action, confirm, done, forbidden, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page
from orchestrator.pages.roles import may

# The zones that are offered; any other of the IANA database can be typed.
COMMON_ZONES = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Helsinki", "Europe/Istanbul",
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo",
    "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo",
    "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page
def add_schedule(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    deployment = find_deployment(deployment_id)
    if deployment is None:
        return no_such(request, "deployment", deployment_id)
    if not may(request, "operate"):
        return forbidden(request)
    schema = deployment.parameter_openapi_schema
    form = ScheduleForm.typed(request.POST, schema) if request.method == "POST" else ScheduleForm.empty()
    if _is_to_save(request, form):
        columns = {key: value for key, value in form.columns.items() if value is not None}
        try:
            add_schedules(deployment_id=deployment_id, schedules=[columns], author=author_on_pages(request))
        except DeploymentsError as error:
            _note(form, error)
        else:
            words = schedule_words(form.columns["schedule"])
            return done(request, f"{deployment.name} runs {words}.", address_of("deployment", deployment_id))
    return _page(request, deployment, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def schedule(request: HttpRequest, deployment_id: UUID, schedule_id: UUID) -> HttpResponseBase:
    deployment = find_deployment(deployment_id)
    known = DeploymentSchedule.objects.filter(pk=schedule_id, deployment=deployment_id).first()
    if deployment is None or known is None:
        return no_such(request, "schedule", schedule_id)
    if request.method == "POST" and not may(request, "operate"):
        return forbidden(request)
    schema = deployment.parameter_openapi_schema
    is_typed = request.method == "POST"
    form = ScheduleForm.typed(request.POST, schema, known) if is_typed else ScheduleForm.of(known, schema)
    if _is_to_save(request, form):
        try:
            update_schedule(
                deployment_id=deployment_id,
                schedule_id=schedule_id,
                changes=form.columns,
                author=author_on_pages(request),
            )
        except DeploymentsError as error:
            _note(form, error)
        else:
            words = schedule_words(form.columns["schedule"])
            return done(request, f"The schedule is changed: {words}.", address_of("deployment", deployment_id))
    return _page(request, deployment, form, known)


@action
def switch_schedule(request: HttpRequest, deployment_id: UUID, schedule_id: UUID) -> HttpResponseBase:
    is_on = request.POST.get("do") == "resume"
    back = address_of("deployment", deployment_id)
    try:
        changed = update_schedule(
            deployment_id=deployment_id,
            schedule_id=schedule_id,
            changes={"active": is_on},
            author=author_on_pages(request),
        )
    except DeploymentsError as error:
        return refused(request, str(error), back)
    return done(request, f"The schedule {changed} is {'on' if is_on else 'off'}.", back)


@action
def remove_schedule(request: HttpRequest, deployment_id: UUID, schedule_id: UUID) -> HttpResponseBase:
    back = address_of("deployment", deployment_id)
    known = DeploymentSchedule.objects.filter(pk=schedule_id, deployment=deployment_id).first()
    if known is None:
        return no_such(request, "schedule", schedule_id)
    words = schedule_words(known.schedule)
    asked = confirm(
        request,
        title="Delete a schedule",
        sentence=f"The schedule “{words}” goes, and so do the runs that schedules of this deployment planned ahead; "
        "those of the others are planned anew.",
        button="Delete the schedule",
        back=back,
    )
    if asked is not None:
        return asked
    try:
        delete_schedule(deployment_id=deployment_id, schedule_id=schedule_id, author=author_on_pages(request))
    except DeploymentsError as error:
        return refused(request, str(error), back)
    return done(request, f"The schedule “{words}” is deleted.", back)


def _is_to_save(request: HttpRequest, form: ScheduleForm) -> bool:
    return request.method == "POST" and request.POST.get("do") == "save" and not form.errors


def _note(form: ScheduleForm, error: DeploymentsError) -> None:
    """At the field that it is about."""
    form.errors["slug" if isinstance(error, AlreadyExists | InvalidSchedules) else "kind"] = str(error)


def _page(
    request: HttpRequest, deployment: Deployment, form: ScheduleForm, known: DeploymentSchedule | None
) -> HttpResponseBase:
    stored = form.columns.get("schedule") or (known.schedule if known is not None and not form.errors else None)
    if request.method != "POST" and known is None:
        stored = ScheduleForm.typed(form.values, deployment.parameter_openapi_schema).columns.get("schedule")
    context: dict[str, Any] = {
        "section": "deployments",
        "deployment": deployment,
        "schedule": known,
        "form": form,
        "kinds": KINDS.items(),
        "units": UNITS,
        "zones": COMMON_ZONES,
        "preview": preview_of(stored, timezone.now()) if stored else None,
    }
    was_refused = form.errors and request.POST.get("do") == "save"
    return render(request, "deployments/schedule.html", context, status=422 if was_refused else 200)
