"""A deployment changed, or made again under another name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from deployments.errors import DeploymentsError
from deployments.models import WorkPool
from deployments.pages.deployment import find_deployment
from deployments.pages.deployment_form import CATCH_UP, COLLISIONS, DeploymentForm, checked_name
from deployments.pages.pauses import author_on_pages
from deployments.services.copies import NameTaken, duplicate_deployment
from deployments.services.deployments import update_deployment
from orchestrator.pages.actions import done, forbidden
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page
from orchestrator.pages.roles import may
from orchestrator.rest.value_schemas import BadSchema
from orchestrator.store.errors import HydrationFailed
from runs.errors import RunsError

MOST_POOLS = 200  # that are offered


@require_http_methods(["GET", "HEAD", "POST"])
@page
def edit(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    deployment = find_deployment(deployment_id)
    if deployment is None:
        return no_such(request, "deployment", deployment_id)
    if not may(request, "operate"):
        return forbidden(request)
    form = DeploymentForm.of(deployment)
    if request.method == "POST":
        form = DeploymentForm.typed(request.POST, deployment)
        if not form.errors:
            try:
                update_deployment(deployment_id=deployment_id, changes=form.changes, author=author_on_pages(request))
            except (DeploymentsError, RunsError, BadSchema, HydrationFailed) as error:
                form.refuse(error)
            else:
                return done(request, f"{deployment.name} is changed.", address_of("deployment", deployment_id))
    context: dict[str, Any] = {
        "section": "deployments",
        "deployment": deployment,
        "form": form,
        "pools": list(WorkPool.objects.order_by("name").values_list("name", flat=True)[:MOST_POOLS]),
        "collisions": COLLISIONS.items(),
        "catch_ups": CATCH_UP.items(),
    }
    return render(request, "deployments/edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def duplicate(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    deployment = find_deployment(deployment_id)
    if deployment is None:
        return no_such(request, "deployment", deployment_id)
    if not may(request, "operate"):
        return forbidden(request)
    name, error = f"{deployment.name}-copy", ""
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        try:
            copy = duplicate_deployment(deployment=deployment, name=checked_name(name), author=author_on_pages(request))
        except (ValueError, NameTaken, DeploymentsError, RunsError, BadSchema) as problem:
            error = str(problem)
        else:
            words = f"{copy.name} is as {deployment.name} was; its schedules are off."
            return done(request, words, address_of("deployment", copy.pk))
    context = {"section": "deployments", "deployment": deployment, "name": name, "error": error}
    return render(request, "deployments/duplicate.html", context, status=422 if error else 200)
