"""`/events/event/<day>/<id>`: one event with everything that was reported of it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.events.models import Event
from orchestrator.events.pages.rows import thing_of, things_of, tone_of
from orchestrator.pages.page import no_such, page, render_page


@require_safe
@page
def event(request: HttpRequest, day: str, event_id: str) -> HttpResponseBase:
    """The day is part of the address that clients print; it is the identifier that finds the event."""
    try:
        date.fromisoformat(day)
        found = Event.objects.filter(id=UUID(event_id)).first()
    except ValueError:
        found = None
    if found is None:
        return no_such(request, "event", event_id)
    before = Event.objects.filter(id=found.follows).first() if found.follows else None
    after = list(
        Event.objects.filter(resource_id=found.resource_id).later_than(found.occurred, found.id).oldest_first()[:1]
    )
    context = {
        "section": "events",
        "event": found,
        "tone": tone_of(found),
        "resource": thing_of(found.resource),
        "labels": _labels(found),
        "related": things_of(found),
        "before": before,
        "after": after[0] if after else None,
    }
    fragments = {"detail": "events/detail_row.html"}
    return render_page(request, "events/event.html", context, fragments=fragments)


def _labels(event: Event) -> list[tuple[str, str]]:
    return sorted(event.resource.items())
