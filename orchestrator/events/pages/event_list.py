"""`/events/`: the event log, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.events.models import Event, EventQuerySet
from orchestrator.events.pages.event_query import MOST_SEARCHED, EventQuery
from orchestrator.events.pages.rows import rows_of
from orchestrator.events.pages.volume import volume_of
from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import Order, read_page, read_place
from orchestrator.pages.page import page, render_page

ORDERS = (Order("time", "occurred", "Time"),)
USUAL = "-time"
MOST_OPEN = 10  # details between the rows
KINDS = (
    ("All", ""),
    ("Flow runs", "prefect.flow-run."),
    ("Task runs", "prefect.task-run."),
    ("Deployments", "prefect.deployment."),
    ("Work pools", "prefect.work-"),
    ("Artifacts", "prefect.artifact"),
    ("Assets", "prefect.asset."),
    ("Automations", "prefect.automation"),
)
COLUMNS = {
    "occurred": lambda event: event.occurred,
    "event": lambda event: event.event,
    "resource": lambda event: event.resource_id,
    "resource_name": lambda event: event.resource.get("prefect.resource.name", ""),
    "id": lambda event: str(event.id),
    "follows": lambda event: event.follows,
    "labels": lambda event: event.resource,
    "related": lambda event: event.related,
    "payload": lambda event: event.payload,
}


@require_safe
@page
def event_list(request: HttpRequest) -> HttpResponseBase:
    wanted = EventQuery.from_query(request.GET, timezone.now())
    part = request.GET.get("fragment")
    since = wanted.searched_since() if wanted.is_searched or part in (None, "volume") else None
    rows = wanted.rows_searched(since)
    if exported := export_as(request, rows.newest_first().iterator(), COLUMNS, "events"):
        return exported
    context: dict[str, Any] = {"section": "events", "wanted": wanted, "now": wanted.range.now}
    if part != "volume":
        context |= _rows(request, wanted, rows)
    if part in (None, "volume"):
        context |= {"volume": volume_of(request, wanted, rows, since), "counted_since": since}
    if part is None:
        context |= {"kinds": _kinds(wanted), "time_range": wanted.range}
    context |= {
        "searched_since": (since if wanted.is_searched else None) or wanted.not_before,
        "most_searched": MOST_SEARCHED,
    }
    fragments = {"events": "events/list_rows.html", "volume": "events/volume.html"}
    return render_page(request, "events/list.html", context, fragments=fragments)


def _rows(request: HttpRequest, wanted: EventQuery, rows: EventQuerySet) -> dict[str, Any]:
    shown = read_page(_near_place(request, rows).defer("payload"), request.GET, ORDERS, usual=USUAL)
    opened = [
        int(number)
        for number in request.GET.getlist("open")[:MOST_OPEN]
        if number.isascii() and number.isdigit() and len(number) < 19
    ]
    present = {event.pk for event in shown.rows}
    details = Event.objects.in_bulk([number for number in opened if number in present]) if opened else {}
    return {
        "page": shown,
        "rows": rows_of(shown.rows, wanted.range.now),
        "details": details,
        "is_live": shown.is_first and shown.sort == USUAL and wanted.range.until is None,
    }


def _near_place(request: HttpRequest, rows: EventQuerySet) -> EventQuerySet:
    """The same page, with a bound by which the index is entered where the page begins, and not at its end."""
    upwards = request.GET.get("sort", USUAL) == "time"
    for name, sign in (("older", "gte" if upwards else "lte"), ("newer", "lte" if upwards else "gte")):
        place = read_place(request.GET.get(name, ""))
        if place is not None and isinstance(place[0], datetime):  # else it is none of this list
            rows = rows.filter(**{f"occurred__{sign}": place[0]})
    return rows


def _kinds(wanted: EventQuery) -> list[dict[str, Any]]:
    """The kinds of events that one looks for most, each as a link."""
    return [
        {"word": word, "prefix": prefix or None, "is_on": wanted.prefixes == ((prefix,) if prefix else ())}
        for word, prefix in KINDS
    ]
