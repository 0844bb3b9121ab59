"""`…/badge.svg`: how a deployment's last run ended, for a README or a wall. For everybody only where it says so."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment
from orchestrator.contract.states import StateType
from orchestrator.pages.words import distance_words
from runs.models import FlowRun

FRESH_SECONDS = 60  # that whoever shows it may keep it
LETTER = 6.6  # px, about
_PADDING = 12
# Of the word on the right, dark enough for white letters.
_COLOURS = {
    StateType.COMPLETED: "#15803d",
    StateType.FAILED: "#b91c1c",
    StateType.CRASHED: "#c2410c",
    StateType.RUNNING: "#1d4ed8",
    StateType.PAUSED: "#a21caf",
}
_GREY = "#475569"
_MOST_NAME = 40


@require_safe
def badge(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    found = Deployment.objects.filter(pk=deployment_id).only("name", "paused", "badge_is_public").first()
    if found is None or not (found.badge_is_public or request.user.is_authenticated):
        raise Http404  # a stranger does not learn whether it exists
    word, colour = _told(found)
    name = found.name if len(found.name) <= _MOST_NAME else f"{found.name[: _MOST_NAME - 1]}…"
    left, right = round(len(name) * LETTER + _PADDING), round(len(word) * LETTER + _PADDING)
    context = {
        "name": name,
        "word": word,
        "colour": colour,
        "left": left,
        "right": right,
        "width": left + right,
        "name_x": left / 2,
        "word_x": left + right / 2,
    }
    answer = render(request, "deployments/badge.svg", context, content_type="image/svg+xml")
    visibility = "public" if found.badge_is_public else "private"
    answer.headers["Cache-Control"] = f"{visibility}, max-age={FRESH_SECONDS}"
    return answer


def _told(found: Deployment) -> tuple[str, str]:
    if found.paused:
        return "paused", _COLOURS[StateType.PAUSED]
    started = FlowRun.objects.filter(deployment=found, start_time__isnull=False).newest_first()
    last = started.only("state_type", "state_name", "start_time").first()
    if last is None:
        return "no run yet", _GREY
    name = (last.state_name or "unknown").lower()
    ago = distance_words(last.start_time, timezone.now()) if last.start_time else ""
    return f"{name} {ago}".strip(), _COLOURS.get(StateType(last.state_type), _GREY) if last.state_type else _GREY
