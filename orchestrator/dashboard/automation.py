"""`/automations/automation/<id>`: what one automation waits for and does, as it was given, with its switch."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from automations.errors import AutomationNotFound
from automations.models import Automation
from automations.services.automations import switch_automation
from automations.shown_actions import shown_actions
from orchestrator.events.models import Event
from orchestrator.pages.actions import action, done
from orchestrator.pages.addresses import address_of, address_of_event
from orchestrator.pages.page import no_such, page, render_page

MOST_EVENTS = 25
LOOKS_BACK = timedelta(days=30)


@require_safe
@page
def automation(request: HttpRequest, automation_id: UUID) -> HttpResponseBase:
    found = Automation.objects.filter(pk=automation_id).first()
    if found is None:
        return no_such(request, "automation", automation_id)
    resource = f"prefect.automation.{found.pk}"
    events = Event.objects.filter(resource_id=resource, occurred__gte=timezone.now() - LOOKS_BACK).newest_first()
    context = {
        "section": "events",
        "automation": found,
        "resource": resource,
        "events": [(event, address_of_event(event.occurred, event.id)) for event in events[:MOST_EVENTS]],
        "steps": [
            ("When it triggers or resolves", shown_actions(found.actions)),
            ("When it triggers", shown_actions(found.actions_on_trigger)),
            ("When it resolves", shown_actions(found.actions_on_resolve)),
        ],
    }
    return render_page(request, "overview/automation.html", context, fragments={"happened": "overview/happened.html"})


@action
def switch(request: HttpRequest, automation_id: UUID) -> HttpResponseBase:
    enabled = request.POST.get("enabled") == "1"
    try:
        found = switch_automation(automation_id=automation_id, enabled=enabled)
    except AutomationNotFound:
        return no_such(request, "automation", automation_id)
    words = "is on" if enabled else "is off: it fires no more"
    return done(request, f"{found.name} {words}.", address_of("automation", found.pk))
