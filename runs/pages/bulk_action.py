"""`/runs/bulk/<id>`: how far a bulk action came, what it left alone and why, and how to stop it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.pages.actions import action, confirm, done, refused
from orchestrator.pages.page import no_such, page, render_page
from runs.models import BulkAction, BulkActionItem
from runs.pages.bulk_words import DEEDS, number_of_runs
from runs.services.bulk.asking import stop_bulk_action

SHOWN = 200  # runs that were left alone or went wrong
SLOW_SECONDS = 15  # without anything done: the services may not run


@require_safe
@page
def bulk_action(request: HttpRequest, action_id: UUID) -> HttpResponseBase:
    found = BulkAction.objects.filter(pk=action_id).first()
    if found is None:
        return no_such(request, "bulk action", action_id)
    context = {"section": "runs", **_progress(found)}
    return render_page(request, "bulk/action.html", context, fragments={"progress": "bulk/progress.html"})


@action
def stop(request: HttpRequest, action_id: UUID) -> HttpResponseBase:
    found = BulkAction.objects.filter(pk=action_id).first()
    if found is None:
        return no_such(request, "bulk action", action_id)
    words = DEEDS[found.deed]
    asked = confirm(
        request,
        title=f"Stop {words.doing.lower()} runs",
        sentence=f"{number_of_runs(found.left)} that it has not come to are left alone. "
        f"Those that were {words.done} stay so.",
        button="Stop it",
        back=reverse("runs:bulk-action", args=[action_id]),
    )
    if asked:
        return asked
    by = request.user.get_username() if request.user.is_authenticated else ""
    if stop_bulk_action(action_id=action_id, by=by):
        return done(request, "It is being stopped.", "runs:bulk-action", action_id)
    return refused(request, "It had ended already.", "runs:bulk-action", action_id)


def _progress(found: BulkAction) -> dict[str, Any]:
    items = found.items.filter(outcome__in=[BulkActionItem.Outcome.FAILED, BulkActionItem.Outcome.SKIPPED])
    waits = (timezone.now() - found.created).total_seconds()
    return {
        "bulk": found,
        "words": DEEDS[found.deed],
        "title_words": f"{DEEDS[found.deed].verb} {number_of_runs(found.total)}",
        "left_alone": list(items.order_by("outcome", "id")[:SHOWN]),
        "shown": SHOWN,
        "is_live": found.ended is None,
        "is_slow": found.began is None and waits > SLOW_SECONDS,
    }
