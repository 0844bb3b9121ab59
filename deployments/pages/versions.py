"""A version in the history of a deployment: what it changed, and the way back to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deployments.errors import DeploymentsError, NotFound
from deployments.pages.deployment import find_deployment
from deployments.pages.pauses import author_on_pages
from deployments.pages.version_words import told_differences
from deployments.services.rollback import restore_version
from deployments.services.versions import content_of, get_version, version_before
from orchestrator.pages.actions import action, confirm, done, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page


@require_safe
@page
def version(request: HttpRequest, deployment_id: UUID, number: str) -> HttpResponseBase:
    deployment = find_deployment(deployment_id)
    try:
        found = get_version(deployment_id=deployment_id, number=int(number))
    except NotFound:
        return no_such(request, "version", number)
    if deployment is None:
        return no_such(request, "deployment", deployment_id)
    before = version_before(found)
    context: dict[str, Any] = {
        "section": "deployments",
        "deployment": deployment,
        "version": found,
        "is_first": before is None,
        "changes": told_differences(before.content, found.content) if before else [],
        "to_now": told_differences(content_of(deployment), found.content),
    }
    return render(request, "deployments/version.html", context)


@action
def restore(request: HttpRequest, deployment_id: UUID, number: str) -> HttpResponseBase:
    """Make it again what it was."""
    deployment = find_deployment(deployment_id)
    if deployment is None:
        return no_such(request, "deployment", deployment_id)
    back = address_of("deployment", deployment_id)
    try:
        wanted = get_version(deployment_id=deployment_id, number=int(number))
        asked = confirm(
            request,
            title=f"Go back to version {number} of {deployment.name}",
            sentence="What is listed becomes again what it was. Runs that were planned ahead are planned anew; whether "
            "the deployment is paused stays as it is.",
            button=f"Go back to version {number}",
            back=back,
            rows=[
                (name, f"{now} → {then}")
                for name, now, then in told_differences(content_of(deployment), wanted.content)
            ],
        )
        if asked is not None:
            return asked
        made, is_new = restore_version(deployment_id=deployment_id, number=int(number), author=author_on_pages(request))
    except DeploymentsError as error:
        return refused(request, str(error), back)
    words = f"is as in version {number} again; this is version {made.number}" if is_new else "is so already"
    return done(request, f"{deployment.name} {words}.", back)
