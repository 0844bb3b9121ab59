"""Which events the address of the list asks for.

`?prefix=prefect.flow-run.` names begin so · `?exclude=prefect.log` and do not begin so · `?resource=<id>` about it or
related to it, with a star at the end for all that begin so · `?q=` words to look for. Several are given by repeating
the parameter, or with commas between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from orchestrator.events.filters import (
    EventAnyResourceFilter,
    EventFilter,
    EventNameFilter,
    EventTextFilter,
    OccurredFilter,
)
from orchestrator.events.models import Event, EventQuerySet, RelatedResource
from orchestrator.pages.time_range import TimeRange
from orchestrator.rest.text_search import MAX_QUERY_LENGTH

MOST_VALUES = 20  # of one parameter
MOST_SEARCHED = 10_000  # of the newest events, which are looked through one by one, and which the chart counts
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_SMALLEST = timedelta(microseconds=1)
_AHEAD = timedelta(days=1)  # of our clock, for events from machines whose clocks run fast


@dataclass(frozen=True, slots=True)
class EventQuery:
    prefixes: tuple[str, ...]
    excluded: tuple[str, ...]
    resources: tuple[str, ...]
    text: str
    range: TimeRange
    not_before: datetime | None = None  # where a resource has so many events that earlier ones are left out

    @classmethod
    def from_query(cls, query: QueryDict, now: datetime) -> EventQuery:
        """At most two queries, where resources are asked for; of those all events are shown that there are."""
        resources = _values(query, "resource")
        asked = cls(
            prefixes=_values(query, "prefix"),
            excluded=_values(query, "exclude"),
            resources=resources,
            text=query.get("q", "").strip()[:MAX_QUERY_LENGTH],
            range=TimeRange.from_query(query, usual="24h" if _begun(resources) or not resources else "all", now=now),
        )
        return replace(asked, not_before=asked._bound()) if asked._whole else asked

    @property
    def is_narrowed(self) -> bool:
        return bool(self.prefixes or self.excluded or self.resources or self.text)

    @property
    def is_searched(self) -> bool:
        """Whether events have to be looked through one by one: no index finds the newest of what is asked for."""
        return bool(self.text or self._begun or self.prefixes or self.excluded)

    def searched_since(self) -> datetime | None:
        """When the last of the newest events occurred that are looked through; None when there are no more of them.

        They are counted whatever their names: of names that are rare, so many may not be found in the whole range.
        """
        return _place_of(self._rows_around(), MOST_SEARCHED)

    def rows_searched(self, since: datetime | None) -> EventQuerySet:
        """The events that fit in all that is asked. `since`: earlier ones are not looked through; None looks at all."""
        rows = self._rows_around()
        if not self.is_searched:
            return rows
        rows = rows.filter(occurred__gte=since) if since else rows
        if self.prefixes or self.excluded or self.text:
            rows = rows.filter(self._filter(words=True).condition())
        if self._begun:
            around = RelatedResource.objects.filter(_begins(self._begun), event=OuterRef("pk"))
            rows = rows.filter(_begins(self._begun) | Exists(around))
        return rows

    @property
    def _whole(self) -> list[str]:
        # One that is asked for beside others that but begin so has to be looked for as they are.
        return [] if self._begun else list(self.resources)

    @property
    def _begun(self) -> list[str]:
        return _begun(self.resources)

    def _rows_around(self) -> EventQuerySet:
        """The events that fit, as far as indexes know."""
        return Event.objects.filter(self._filter(about=self._whole).condition())

    def _filter(self, *, about: Sequence[str] = (), words: bool = False) -> EventFilter:
        """The range of time with the resources `about`; with `words` also the names and the text."""
        since = max(filter(None, (self.range.since, self.not_before)), default=BEGINNING)
        until = self.range.until
        return EventFilter(
            occurred=OccurredFilter(since=since, until=until - _SMALLEST if until else self.range.now + _AHEAD),
            event=EventNameFilter(prefix=list(self.prefixes), exclude_prefix=list(self.excluded)) if words else None,
            any_resource=EventAnyResourceFilter(id=list(about)) if about else None,
            text=EventTextFilter(query=self.text) if words and self.text else None,
        )

    def _bound(self) -> datetime | None:
        """Both of the indexes that know resources are asked for their newest."""
        window = self._filter()
        since, until = window.window(self.range.now)
        asked = Q(resource_id__in=self._whole, occurred__gte=since, occurred__lte=until)
        places = (_place_of(rows.filter(asked), MOST_SEARCHED) for rows in (Event.objects, RelatedResource.objects))
        return max(filter(None, places), default=None)


def _place_of(rows: QuerySet[Any], number: int) -> datetime | None:
    """When the row occurred that so many newer ones precede."""
    return next(iter(rows.order_by("-occurred").values_list("occurred", flat=True)[number : number + 1]), None)


def _begun(resources: Sequence[str]) -> list[str]:
    """The beginnings of identifiers that are asked for; a whole one among them begins with itself."""
    return [one.rstrip("*") for one in resources] if any(one.endswith("*") for one in resources) else []


def _begins(beginnings: Sequence[str]) -> Q:
    made = Q()
    for beginning in beginnings:
        made |= Q(resource_id__startswith=beginning)
    return made


def _values(query: QueryDict, name: str) -> tuple[str, ...]:
    given = (part.strip() for text in query.getlist(name) for part in text.split(","))
    return tuple(dict.fromkeys(part for part in given if part))[:MOST_VALUES]
