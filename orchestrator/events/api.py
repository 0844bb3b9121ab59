"""Events over HTTP: report them, and read the log."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from django.urls import reverse
from pydantic import Field
from rest_framework.request import Request

from orchestrator.contract.events import MAX_EVENT_BYTES
from orchestrator.events import schema
from orchestrator.events.counting import BeyondTime, Countable, TooManyBuckets, count_events
from orchestrator.events.models import Event
from orchestrator.events.parsing import BadEvent, read_event
from orchestrator.events.pipeline import NotStored, NotYetStored, pipeline
from orchestrator.events.reading import BadPageToken, Page, Place, first_page, read_page
from orchestrator.rest.errors import InvalidBody, Refused, answer_with
from orchestrator.rest.json import JsonAnswer, NotJson, load_json
from orchestrator.rest.taking import reads
from orchestrator.rest.views import ApiView, answers, asks, no_content, takes

answer_with(BadPageToken, 403, text="Forbidden")
answer_with(TooManyBuckets, 422)
answer_with(BeyondTime, 422)
answer_with(NotStored, 500, key="exception_message")


class ReportEvents(ApiView):
    """`204` says that all of the events are stored. Reporting an event again changes nothing."""

    @reads(list[schema.Event])
    @answers(None, 204)
    def post(self, request: Request) -> JsonAnswer:
        body = request._request.body
        try:
            pipeline.store(parse_events(body), len(body))
        except NotYetStored:
            return JsonAnswer({"exception_message": "Service Unavailable"}, 503, headers={"Retry-After": "1"})
        return no_content()


class FilterEvents(ApiView):
    @takes(schema.EventsRead)
    @answers(schema.EventPage)
    def post(self, request: Request, body: schema.EventsRead) -> dict[str, Any]:
        """The first page of the events that fit, and where the next one is."""
        return page_to_wire(request, first_page(body.filter, body.limit))


class NextEvents(ApiView):
    """The page that another page's `next_page` points to."""

    @asks(page_token=Annotated[str, Field(alias="page-token")])
    @answers(schema.EventPage)
    def get(self, request: Request, page_token: str) -> dict[str, Any]:
        return page_to_wire(request, read_page(Place.from_token(page_token)))


class CountEvents(ApiView):
    path_kinds = {"countable": Countable}

    @takes(schema.EventsCount)
    @answers(list[schema.EventCount])
    def post(self, request: Request, countable: Countable, body: schema.EventsCount) -> list[dict[str, Any]]:
        """How many events there were, by time, by name, or by resource."""
        counts = count_events(body.filter, countable, body.time_unit, body.time_interval)
        return [count.to_wire() for count in counts]


def parse_events(body: bytes) -> list[Event]:
    """Raises NotJson, InvalidBody, or Refused (413) for an event that is too large."""
    if not body:
        raise InvalidBody([{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}], None)
    try:
        sent = load_json(body)
    except orjson.JSONDecodeError as error:
        raise NotJson(body, error) from None
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
