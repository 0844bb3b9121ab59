"""Which events somebody wants: declared once, asked of the database as a condition and of live events as a predicate.

An empty list asks for nothing in particular.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import IContains
from pydantic import Field

from orchestrator.contract.times import now
from orchestrator.events.labels import Labels, Question, question
from orchestrator.events.models import Event, RelatedResource
from orchestrator.rest.bodies import Body, Time
from orchestrator.rest.text_search import MAX_QUERY_LENGTH, TextQuery

_LAST_CHARACTER = chr(0x10FFFF)
WINDOW = timedelta(days=180)  # how far back is looked when `since` is not given

Predicate = Callable[[Event], bool]


class OccurredFilter(Body):
    since: Time = Field(default=None)
    until: Time = Field(default=None)


class EventNameFilter(Body):
    prefix: list[str] | None = None
    exclude_prefix: list[str] | None = None
    name: list[str] | None = None
    exclude_name: list[str] | None = None


class EventResourceFilter(Body):
    """The resource that the event is about."""

    id: list[str] | None = None
    id_prefix: list[str] | None = None
    labels: Labels | None = None
    distinct: bool = False


class EventRelatedFilter(Body):
    """One related resource for which all of this is true."""

    id: list[str] | None = None
    role: list[str] | None = None
    resources_in_roles: list[tuple[str, str]] | None = None
    labels: Labels | None = None


class EventAnyResourceFilter(Body):
    """The resource that the event is about, or one related to it."""

    id: list[str] | None = None
    id_prefix: list[str] | None = None
    labels: Labels | None = None


class EventIdFilter(Body):
    id: list[UUID] | None = None


class EventTextFilter(Body):
    query: str = Field(max_length=MAX_QUERY_LENGTH)


class Order(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


class EventFilter(Body):
    occurred: OccurredFilter = OccurredFilter()
    event: EventNameFilter | None = None
    resource: EventResourceFilter | None = None
    related: EventRelatedFilter | list[EventRelatedFilter] | None = None
    any_resource: EventAnyResourceFilter | list[EventAnyResourceFilter] | None = None
    id: EventIdFilter = EventIdFilter()
    text: EventTextFilter | None = None
    order: Order = Order.DESC

    def condition(self, at: datetime | None = None) -> Q:
        """As a condition on rows of Event. Times that are not given become the window that ends at `at`."""
        return Q(*self._conditions(at or now()))

    def predicate(self) -> Predicate:
        """As a question to one event. Times are asked only when they are given."""
        parts = list(self._predicates())
        return lambda event: all(part(event) for part in parts)

    def window(self, at: datetime) -> tuple[datetime, datetime]:
        """The first and the last moment that are asked for. What is not given becomes half a year up to `at`."""
        since, until = self.occurred.since, self.occurred.until
        return since or (at - WINDOW).replace(hour=0, minute=0, second=0, microsecond=0), until or at

    def _conditions(self, at: datetime) -> Iterable[Any]:
        since, until = self.window(at)
        yield Q(occurred__gte=since, occurred__lte=until)
        if self.event:
            yield from _name_conditions(self.event)
        if self.id.id:
            yield Q(id__in=self.id.id)
        if self.resource:
            yield from _resource_conditions(self.resource)
        window = Q(occurred__gte=since, occurred__lte=until)
        for any_resource in _each(self.any_resource):
            yield from _any_resource_conditions(any_resource, window)
        for related in _each(self.related):
            yield from _related_conditions(related, window)
        if self.text:
            yield from _text_conditions(TextQuery.parse(self.text.query))

    def _predicates(self) -> Iterable[Predicate]:
        if self.event:
            yield from _name_predicates(self.event)
        if self.id.id:
            ids = frozenset(self.id.id)
            yield lambda event: event.id in ids
        yield from _time_predicates(self.occurred)
        if self.resource:
            asked = _about(self.resource)
            yield lambda event: asked.fits(event.resource)
        for any_resource in _each(self.any_resource):
            yield _any_resource_predicate(any_resource)
        for related in _each(self.related):
            yield _related_predicate(related)
        if self.text:
            query = TextQuery.parse(self.text.query)
            yield lambda event: query.matches(_searched_text(event))


def first_of_each_resource(condition: Q, order: Order) -> Q:
    """`distinct`: of the events that fit, the first of each resource in this order."""
    rows = Event.objects.filter(condition, resource_id=OuterRef("resource_id"))
    first = rows.oldest_first() if order is Order.ASC else rows.newest_first()
    return Q(pk=first.values("pk")[:1])


def _each(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _any(parts: Iterable[Any]) -> Q:
    made = Q()
    for part in parts:
        made |= part if isinstance(part, Q) else Q(part)
    return made


# --- Names and times ----------------------------------------------------------------------------------------------


def _name_conditions(wanted: EventNameFilter) -> Iterable[Q]:
    if wanted.prefix:
        yield _any(_prefix_range("event", prefix) for prefix in wanted.prefix)
    if wanted.name:
        yield Q(event__in=wanted.name)
    if wanted.exclude_prefix:
        yield ~_any(_prefix_range("event", prefix) for prefix in wanted.exclude_prefix)
    if wanted.exclude_name:
        yield ~Q(event__in=wanted.exclude_name)


def _prefix_range(column: str, prefix: str) -> Q:
    """`LIKE` on SQLite ignores case and asks no index, so there a prefix is a range of its bytes."""
    if connection.vendor == "sqlite":
        return Q(**{f"{column}__gte": prefix, f"{column}__lt": prefix + _LAST_CHARACTER})
    return Q(**{f"{column}__startswith": prefix})


def _name_predicates(wanted: EventNameFilter) -> Iterable[Predicate]:
    if wanted.prefix:
        prefixes = tuple(wanted.prefix)
        yield lambda event: event.event.startswith(prefixes)
    if wanted.name:
        names = frozenset(wanted.name)
        yield lambda event: event.event in names
    if wanted.exclude_prefix:
        refused_prefixes = tuple(wanted.exclude_prefix)
        yield lambda event: not event.event.startswith(refused_prefixes)
    if wanted.exclude_name:
        refused = frozenset(wanted.exclude_name)
        yield lambda event: event.event not in refused


def _time_predicates(wanted: OccurredFilter) -> Iterable[Predicate]:
    since, until = wanted.since, wanted.until
    if since:
        yield lambda event: event.occurred >= since
    if until:
        yield lambda event: event.occurred <= until


# --- Resources ----------------------------------------------------------------------------------------------------


class _ByIdentity(Protocol):
    id: list[str] | None
    id_prefix: list[str] | None


def _identity(wanted: _ByIdentity) -> Q | None:
    """On `resource_id`, which both tables have. None when nothing is asked of it."""
    parts = [Q(resource_id__in=wanted.id)] if wanted.id else []
    if wanted.id_prefix:
        parts.append(_any(_prefix_range("resource_id", prefix) for prefix in wanted.id_prefix))
    return Q(*parts) if parts else None


def _about(wanted: EventResourceFilter | EventAnyResourceFilter) -> Question:
    return question(ids=wanted.id, prefixes=wanted.id_prefix, labels=wanted.labels)


def _around(wanted: EventRelatedFilter) -> Question:
    return question(ids=wanted.id, roles=wanted.role, places=wanted.resources_in_roles, labels=wanted.labels)


def _resource_conditions(wanted: EventResourceFilter) -> Iterable[Any]:
    identity = _identity(wanted)
    if identity is not None:
        yield identity
    if wanted.labels:
        yield question(labels=wanted.labels).of_resource()


def _any_resource_conditions(wanted: EventAnyResourceFilter, window: Q) -> Iterable[Any]:
    identity = _identity(wanted)
    if identity is not None:
        # A union instead of an OR, so that each table is asked by its own index.
        about = Event.objects.filter(identity, window).values("pk")
        around = RelatedResource.objects.filter(identity, window).values("event_id")
        yield Q(pk__in=about.union(around, all=True))
    if wanted.labels:
        asked = _about(wanted)
        yield asked.of_resource() | asked.of_one_related()


def _related_conditions(wanted: EventRelatedFilter, window: Q) -> Iterable[Any]:
    parts: list[Q] = []
    if wanted.id:
        parts.append(Q(resource_id__in=wanted.id))
    if wanted.role:
        parts.append(Q(role__in=wanted.role))
    if wanted.resources_in_roles:
        parts.append(_any(Q(resource_id=id, role=role) for id, role in wanted.resources_in_roles))
    if wanted.id or wanted.resources_in_roles:
        yield Q(pk__in=RelatedResource.objects.filter(*parts, window).values("event_id"))
    elif parts:  # a role alone fits so many rows that the events are better asked one by one
        yield Exists(RelatedResource.objects.filter(*parts, event=OuterRef("pk")))
    if wanted.labels:  # which only the event's own JSON has: of the few that are left, one and the same must fit
        yield _around(wanted).of_one_related()


def _any_resource_predicate(wanted: EventAnyResourceFilter) -> Predicate:
    asked = _about(wanted)
    return lambda event: asked.fits(event.resource) or any(asked.fits(related) for related in event.related)


def _related_predicate(wanted: EventRelatedFilter) -> Predicate:
    asked = _around(wanted)
    return lambda event: not asked.parts or any(asked.fits(related) for related in event.related)


# --- Text ---------------------------------------------------------------------------------------------------------


def _text_conditions(query: TextQuery) -> Iterable[Any]:
    def found(term: str) -> Q:
        places = [F("event"), *(Cast(column, TextField()) for column in ("resource", "related", "payload"))]
        return _any(IContains(place, term) for place in places)

    if query.some:
        yield _any(found(term) for term in query.some)
    for term in query.all:
        yield found(term)
    for term in query.none:
        yield ~found(term)


def _searched_text(event: Event) -> str:
    parts: list[str] = [event.event]
    for value in (event.resource, event.related, event.payload):
        parts.extend(_texts_in(value))
    return "\n".join(parts)


def _texts_in(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner)
    elif value is not None:
        yield str(value)
