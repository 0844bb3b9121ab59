"""Reading the event log page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import Q

from orchestrator.contract.times import format_time, now, parse_time
from orchestrator.events.filters import EventFilter, Order, first_of_each_resource
from orchestrator.events.models import Event

PAGE_EVENTS = 50  # the default and the most
_SALT = "orchestrator.events.page"


class BadPageToken(Exception):
    """The token was not made by this server."""


@dataclass(frozen=True, slots=True)
class Page:
    """`next_token` is None on the last page. `total` counts the events of all pages, once, for the first of them."""

    events: list[Event]
    total: int
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """After which event a page begins, and the moment at which the first page was read: later events are left out."""

    filter: EventFilter
    limit: int
    read_at: datetime
    total: int | None = None
    after: tuple[datetime, UUID] | None = None

    def token(self) -> str:
        assert self.after is not None
        content = {
            "filter": self.filter.model_dump(mode="json", exclude_unset=True),
            "limit": self.limit,
            "read_at": format_time(self.read_at),
            "total": self.total,
            "after": [format_time(self.after[0]), str(self.after[1])],
        }
        return signing.dumps(content, salt=_SALT, compress=True)

    @classmethod
    def from_token(cls, token: str) -> Place:
        """Raises BadPageToken."""
        try:
            content: dict[str, Any] = signing.loads(token, salt=_SALT)
        except signing.BadSignature:
            raise BadPageToken("This page token is not valid.") from None
        occurred, id = content["after"]
        return cls(
            filter=EventFilter.model_validate(content["filter"]),
            limit=content["limit"],
            read_at=parse_time(content["read_at"]),
            total=content["total"],
            after=(parse_time(occurred), UUID(id)),
        )


def first_page(filter: EventFilter, limit: int) -> Page:
    return read_page(Place(filter=filter, limit=limit, read_at=now()))


def read_page(place: Place) -> Page:
    """The events after `place`, in the filter's order."""
    wanted = place.filter.condition(place.read_at)
    distinct = place.filter.resource is not None and place.filter.resource.distinct
    total = _count(wanted, distinct) if place.total is None else place.total
    if distinct:
        wanted = first_of_each_resource(wanted, place.filter.order)
    rows = Event.objects.filter(wanted)
    if place.filter.order is Order.ASC:
        rows = (rows.later_than(*place.after) if place.after else rows).oldest_first()
    else:
        rows = (rows.earlier_than(*place.after) if place.after else rows).newest_first()
    events = list(rows[: place.limit + 1])
    more = len(events) > place.limit and place.limit > 0
    events = events[: place.limit]
    next_token = None
    if more:
        last = (events[-1].occurred, events[-1].id)
        next_token = Place(place.filter, place.limit, place.read_at, total, last).token()
    return Page(events=events, total=total, next_token=next_token)


def _count(wanted: Q, distinct: bool) -> int:
    rows = Event.objects.filter(wanted)
    return rows.values("resource_id").distinct().count() if distinct else rows.count()
