"""Bodies of the event API."""

from __future__ import annotations

from pydantic import Field

from orchestrator.events.counting import LEAST_INTERVAL, TimeUnit
from orchestrator.events.filters import EventFilter
from orchestrator.rest.bodies import Body


class EventsRead(Body):
    filter: EventFilter | None = None
    limit: int | None = None


class EventsCount(Body):
    filter: EventFilter | None = None
    time_unit: TimeUnit = TimeUnit.DAY
    time_interval: float = Field(default=1.0, ge=LEAST_INTERVAL)
