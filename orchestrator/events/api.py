"""Events over HTTP: report them, and read the log."""

from __future__ import annotations

from typing import Any

import orjson
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.contract.events import MAX_EVENT_BYTES
from orchestrator.events.counting import Countable, TooManyBuckets, count_events
from orchestrator.events.filters import EventFilter
from orchestrator.events.models import Event
from orchestrator.events.parsing import BadEvent, read_event
from orchestrator.events.pipeline import NotStored, NotYetStored, pipeline
from orchestrator.events.reading import PAGE_EVENTS, BadPageToken, Page, Place, first_page, read_page
from orchestrator.events.schema import EventsCount, EventsRead
from orchestrator.rest.errors import InvalidBody, Refused, Unprocessable, answer_with
from orchestrator.rest.json import load_json
from orchestrator.rest.views import ApiView, no_content, read

answer_with(BadPageToken, 403)
answer_with(TooManyBuckets, 422)
answer_with(NotStored, 500, key="exception_message")


class ReportEvents(ApiView):
    """`204` says that all of the events are stored. Reporting an event again changes nothing."""

    def post(self, request: Request) -> Response:
        body = request._request.body
        try:
            pipeline.store(parse_events(body), len(body))
        except NotYetStored:
            return Response({"exception_message": "Service Unavailable"}, 503, headers={"Retry-After": "1"})
        return no_content()


class FilterEvents(ApiView):
    def post(self, request: Request) -> dict[str, Any]:
        asked = read(EventsRead, request)
        limit = PAGE_EVENTS if asked.limit is None else asked.limit
        if not 0 <= limit <= PAGE_EVENTS:
            raise Unprocessable(f"Invalid limit: must be between 0 and {PAGE_EVENTS}.")
        return page_to_wire(request, first_page(asked.filter or EventFilter(), limit))


class NextEvents(ApiView):
    """The page that another page's `next_page` points to."""

    def get(self, request: Request) -> dict[str, Any]:
        place = Place.from_token(request.query_params.get("page-token", ""))
        return page_to_wire(request, read_page(place))


class CountEvents(ApiView):
    def post(self, request: Request, countable: str) -> list[dict[str, Any]]:
        asked = read(EventsCount, request)
        try:
            counted = Countable(countable)
        except ValueError:
            raise Unprocessable(f"Events can be counted by {', '.join(Countable)}.") from None
        counts = count_events(asked.filter or EventFilter(), counted, asked.time_unit, asked.time_interval)
        return [count.to_wire() for count in counts]


def parse_events(body: bytes) -> list[Event]:
    """Raises InvalidBody, or Refused (413) for an event that is too large."""
    try:
        sent = load_json(body)
    except orjson.JSONDecodeError as error:
        found = {"type": "json_invalid", "loc": ["body"], "msg": f"JSON decode error: {error}", "input": {}}
        raise InvalidBody([found], None) from None
    if not isinstance(sent, list):
        found = {"type": "list_type", "loc": ["body"], "msg": "Input should be a valid list", "input": sent}
        raise InvalidBody([found], sent)
    events: list[Event] = []
    errors: list[dict[str, Any]] = []
    for at, one in enumerate(sent):
        if len(body) > MAX_EVENT_BYTES and len(orjson.dumps(one)) > MAX_EVENT_BYTES:
            raise Refused(f"Event {at} is larger than {MAX_EVENT_BYTES} bytes.", 413)
        try:
            events.append(read_event(one))
        except BadEvent as error:
            errors.append(error.detail("body", at))
    if errors:
        raise InvalidBody(errors, sent)
    return events


def page_to_wire(request: Request, page: Page) -> dict[str, Any]:
    next_page = None
    if page.next_token:
        next_page = request.build_absolute_uri(f"{reverse('events-next')}?page-token={page.next_token}")
    return {"events": [event.to_wire() for event in page.events], "total": page.total, "next_page": next_page}
