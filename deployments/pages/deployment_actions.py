"""What people do with deployments: run them, pause and resume them, delete them; one, or several at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase

from deployments.errors import DeploymentsError
from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.deployment import find_deployment
from deployments.pages.pauses import author_on_pages, maker_on_pages
from deployments.pages.prefill import LAST, prefill_of
from deployments.services.deployment_runs import RunRequest, create_deployment_run
from deployments.services.deployments import delete_deployments, pause_deployment, resume_deployment
from orchestrator.pages.actions import action, confirm, done, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such
from orchestrator.rest.value_schemas import BadSchema
from orchestrator.store.errors import HydrationFailed
from runs.errors import RunsError
from runs.models import FlowRun

MOST_AT_ONCE = 100  # deployments that one form changes
NAMED = 10  # of them on the page that asks
MOST_COUNTED = 10_000  # runs; more are said to be "10,000+"
CANNOT_RUN = (DeploymentsError, RunsError, BadSchema, HydrationFailed)


@action
def start(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    """Run it now: with its parameters, or as the last run was."""
    found = find_deployment(deployment_id)
    if found is None:
        return no_such(request, "deployment", deployment_id)
    back = address_of("deployment", deployment_id)
    wanted = RunRequest()
    if request.POST.get("as") == LAST:
        last = prefill_of(found, LAST)
        if last.run is None:
            return refused(request, "It has not run yet, so there is no last time.", back)
        wanted = RunRequest(parameters=last.parameters, tags=last.further_tags(found), job_variables=last.job_variables)
    try:
        run, _ = create_deployment_run(deployment_id=deployment_id, request=wanted, created_by=maker_on_pages(request))
    except CANNOT_RUN as error:
        return refused(request, f"It cannot be run like this: {error}", back)
    return done(request, f"The run {run.name} is planned for now.", address_of("flow-run", run.pk))


@action
def switch(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    """Pause or resume one deployment."""
    found = find_deployment(deployment_id)
    if found is None:
        return no_such(request, "deployment", deployment_id)
    words = _switch([found], request.POST.get("do", ""), request)
    return done(request, words, address_of("deployment", deployment_id))


@action
def delete(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    found = find_deployment(deployment_id)
    if found is None:
        return no_such(request, "deployment", deployment_id)
    asked = _ask_to_delete(request, [found], back=address_of("deployment", deployment_id))
    if asked is not None:
        return asked
    delete_deployments(deployment_ids=[deployment_id])
    return done(request, f"The deployment {found.name} is deleted.", address_of("deployments"))


@action
def bulk(request: HttpRequest) -> HttpResponseBase:
    """Pause, resume or delete those that were marked in a list. Asks first, and says which they are.

    The button in a row does it to that one alone, without a question.
    """
    back = address_of("deployments")
    for deed in ("pause", "resume"):
        if deed in request.POST:
            return done(request, _switch(_of(request.POST.getlist(deed)), deed, request), back)
    marked = _of(request.POST.getlist("deployment"))
    deed = request.POST.get("do", "")
    if not marked:
        return refused(request, "No deployment is marked.", back)
    if deed == "delete":
        asked = _ask_to_delete(request, marked, back=back)
    elif deed in ("pause", "resume"):
        asked = _ask_to_switch(request, marked, deed, back=back)
    else:
        return refused(request, "Choose what is to be done with the deployments that are marked.", back)
    if asked is not None:
        return asked
    if deed == "delete":
        deleted = delete_deployments(deployment_ids=[one.pk for one in marked])
        return done(request, f"{len(deleted)} deployments are deleted.", back)
    return done(request, _switch(marked, deed, request), back)


def dependents_of(deployments: Sequence[Deployment]) -> list[tuple[str, Any]]:
    """What goes with deployments when they are deleted, and what stays."""
    ids = [one.pk for one in deployments]
    waiting = FlowRun.objects.not_begun().filter(deployment__in=ids)
    all_runs = FlowRun.objects.filter(deployment__in=ids)
    return [
        ("Deployments", _named(deployments)),
        ("Schedules that go", DeploymentSchedule.objects.filter(deployment__in=ids).count()),
        ("Runs that have not begun, and go", _count(waiting)),
        ("Runs in all; those that began stay, without a deployment", _count(all_runs)),
    ]


def _ask_to_delete(request: HttpRequest, deployments: Sequence[Deployment], *, back: str) -> HttpResponseBase | None:
    what = f"the deployment {deployments[0].name}" if len(deployments) == 1 else f"{len(deployments)} deployments"
    return confirm(
        request,
        title=f"Delete {what}",
        sentence="Nobody can run it from afar any more, and its schedules end. This cannot be undone.",
        button=f"Delete {what}",
        back=back,
        rows=dependents_of(deployments),
    )


def _ask_to_switch(
    request: HttpRequest, deployments: Sequence[Deployment], deed: str, *, back: str
) -> HttpResponseBase | None:
    many = "1 deployment" if len(deployments) == 1 else f"{len(deployments)} deployments"
    already = sum(one.paused is (deed == "pause") for one in deployments)
    return confirm(
        request,
        title=f"{deed.capitalize()} {many}",
        sentence="Their schedules plan no more runs, and what they planned is forgotten."
        if deed == "pause"
        else "Their schedules plan runs again, from now on.",
        button=f"{deed.capitalize()} {many}",
        back=back,
        rows=[("Deployments", _named(deployments)), *([("Of these so already", already)] if already else [])],
    )


def _switch(deployments: Sequence[Deployment], deed: str, request: HttpRequest) -> str:
    """Says what was done."""
    is_pause = deed == "pause"
    changed = [one for one in deployments if one.paused != is_pause]
    for one in changed:
        if is_pause:
            pause_deployment(deployment_id=one.pk, author=author_on_pages(request))
        else:
            resume_deployment(deployment_id=one.pk)
    done_words = "paused" if is_pause else "resumed"
    if len(deployments) == 1:
        return f"{deployments[0].name} is {done_words}." if changed else f"{deployments[0].name} was so already."
    if len(changed) == len(deployments):
        return f"{len(changed)} deployments are {done_words}."
    return f"{len(changed)} of {len(deployments)} deployments are {done_words}; the others were so already."


def _of(texts: Sequence[str]) -> list[Deployment]:
    """Those of the identifiers that there are."""
    identifiers = []
    for text in texts[:MOST_AT_ONCE]:
        try:
            identifiers.append(UUID(text))
        except ValueError:
            continue
    return list(Deployment.objects.select_related("flow").filter(pk__in=identifiers).order_by("name", "pk"))


def _named(deployments: Sequence[Deployment]) -> str:
    names = ", ".join(f"{one.flow.name}/{one.name}" for one in deployments[:NAMED])
    return names if len(deployments) <= NAMED else f"{names} and {len(deployments) - NAMED} more"


def _count(rows: Any) -> str:
    number = rows.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"
