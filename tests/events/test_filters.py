"""Each filter is asked twice, as a condition of the database and as a predicate, and both must agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.events.filters import EventFilter
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event
from tests.events.making import an_event, related

NOW = datetime.now(UTC)


def shelf() -> list[Event]:
    """Three events; their names say what is particular."""
    red = {"prefect.resource.id": "shop.1", "prefect.resource.name": "Corner", "colour": "red"}
    return [
        an_event("red.opened", red, related=[related("town.1", "town", size="small")], payload={"note": "Fresh bread"}),
        an_event(
            "blue.opened", {"prefect.resource.id": "shop.2", "colour": "blue"}, related=[related("shop.1", "rival")]
        ),
        an_event("Red.old", "kiosk.1", occurred=(NOW - timedelta(hours=2)).isoformat()),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "red blue old"),
        ({"event": {"prefix": ["red."]}}, "red"),  # upper and lower case differ
        ({"event": {"prefix": ["red.", "blue."]}}, "red blue"),
        ({"event": {"name": ["Red.old"]}}, "old"),
        ({"event": {"prefix": [], "name": None}}, "red blue old"),  # an empty list asks for nothing in particular
        ({"event": {"exclude_prefix": ["blue."]}}, "red old"),
        ({"event": {"exclude_name": ["red.opened"]}}, "blue old"),
        ({"occurred": {"since": (NOW - timedelta(hours=1)).isoformat()}}, "red blue"),
        ({"occurred": {"until": (NOW - timedelta(hours=1)).isoformat()}}, "old"),
        ({"resource": {"id": ["shop.1"]}}, "red"),
        ({"resource": {"id_prefix": ["shop."]}}, "red blue"),
        ({"resource": {"labels": {"colour": "red"}}}, "red"),
        ({"resource": {"labels": {"colour": ["red", "blue"]}}}, "red blue"),
        ({"resource": {"labels": {"colour": "*"}}}, "red blue"),
        ({"resource": {"labels": {"colour": "r*"}}}, "red"),
        ({"resource": {"labels": {"colour": "!red"}}}, "blue"),  # what has no colour is not asked
        ({"resource": {"labels": {"colour": ["!red", "red"]}}}, "red blue"),  # one of several is enough
        ({"resource": {"labels": {"colour": "?e?"}}}, "red"),
        ({"resource": {"labels": {"colour": "R*"}}}, ""),
        ({"resource": {"labels": {"colour": "[r]ed"}}}, ""),
        ({"resource": {"labels": {"colour": "r%"}}}, ""),
        ({"resource": {"labels": {"colour": []}}}, ""),
        ({"resource": {"labels": {"prefect.resource.id": "shop.*", "colour": "b*e"}}}, "blue"),
        ({"resource": {"labels": {"prefect.resource.name": "Corner"}}}, "red"),
        ({"related": {"id": ["town.1"]}}, "red"),
        ({"related": {"role": ["rival"]}}, "blue"),
        ({"related": {"id": ["town.1"], "role": ["rival"]}}, ""),  # no one resource is both
        ({"related": {"resources_in_roles": [["shop.1", "rival"]]}}, "blue"),
        ({"related": {"labels": {"size": "small"}}}, "red"),
        ({"related": {"labels": {"size": "sm*"}}}, "red"),
        ({"related": [{"role": ["town"]}, {"labels": {"size": "large"}}]}, ""),  # all of a list must be true
        ({"any_resource": {"id": ["shop.1"]}}, "red blue"),
        ({"any_resource": {"id_prefix": ["town."]}}, "red"),
        ({"any_resource": {"labels": {"size": "small"}}}, "red"),
        ({"any_resource": {"labels": {"size": "small"}, "id": ["town.1"]}}, "red"),
        ({"any_resource": {"labels": {"size": "small"}, "id": ["shop.1"]}}, ""),  # not of one and the same
        ({"any_resource": {"labels": {"size": "small"}, "id_prefix": ["to"]}}, "red"),
        ({"any_resource": {"labels": {"size": "small"}, "id_prefix": ["*"]}}, ""),
        ({"related": {"labels": {"size": "small"}, "role": ["town"]}}, "red"),
        ({"related": {"labels": {"size": "small"}, "role": ["rival"]}}, ""),
        ({"related": {"labels": {"size": "small"}, "resources_in_roles": [["town.1", "town"]]}}, "red"),
        ({"any_resource": [{"id": ["shop.1"]}, {"id": ["shop.2"]}]}, "blue"),
        ({"text": {"query": "bread"}}, "red"),
        ({"text": {"query": "bread blue"}}, "red blue"),  # a space means or
        ({"text": {"query": "opened -bread"}}, "blue"),
        ({"text": {"query": '"fresh bread"'}}, "red"),
        ({"text": {"query": "+opened +rival"}}, "blue"),
        ({"id": {"id": []}}, "red blue old"),
    ],
)
def test_finds_the_same_in_the_database_and_live(asked: dict[str, Any], found: str) -> None:
    events = shelf()
    ingest(events)
    names = {"red.opened": "red", "blue.opened": "blue", "Red.old": "old"}
    wanted = EventFilter.model_validate(asked)

    stored = [names[event.event] for event in Event.objects.filter(wanted.condition()).order_by("sequence")]
    live = [names[event.event] for event in events if wanted.predicate()(event)]

    assert " ".join(stored) == found
    assert " ".join(live) == found


@pytest.mark.django_db
def test_finds_events_by_identifier() -> None:
    first, second = an_event(), an_event()
    ingest([first, second])
    wanted = EventFilter.model_validate({"id": {"id": [str(second.id)]}})

    stored = Event.objects.filter(wanted.condition())

    assert [event.id for event in stored] == [second.id]
    assert [wanted.predicate()(event) for event in (first, second)] == [False, True]
