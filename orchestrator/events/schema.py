"""Bodies and answers of the event API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AnyHttpUrl, BaseModel, Field

from orchestrator.events.counting import LEAST_INTERVAL, TimeUnit
from orchestrator.events.filters import EventFilter
from orchestrator.events.reading import PAGE_EVENTS
from orchestrator.rest.answering import Shape
from orchestrator.rest.bodies import Envelope

Resource = dict[str, str]


class Event(BaseModel):
    """An event as it is reported. For the description only: events are read by hand, in `parsing`."""

    occurred: datetime
    event: str
    resource: Resource
    related: list[Resource] = []
    payload: dict[str, Any] = {}
    id: UUID
    follows: UUID | None = None


class ReceivedEvent(Shape):
    occurred: datetime
    event: str
    resource: Resource
    related: list[Resource]
    payload: dict[str, Any]
    id: UUID
    follows: UUID | None
    received: datetime


class EventPage(Shape):
    events: list[ReceivedEvent]
    total: int
    next_page: AnyHttpUrl | None


class EventCount(Shape):
    value: str
    label: str
    count: int
    start_time: datetime
    end_time: datetime


class EventsRead(Envelope):
    filter: EventFilter = EventFilter()
    limit: Annotated[int, Field(ge=0, le=PAGE_EVENTS)] = PAGE_EVENTS


class EventsCount(Envelope):
    filter: EventFilter
    time_unit: TimeUnit = TimeUnit.DAY
    time_interval: Annotated[float, Field(ge=LEAST_INTERVAL)] = 1.0
