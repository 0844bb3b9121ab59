from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from orchestrator.contract.events import MAX_EVENT_BYTES
from orchestrator.events.parsing import BadEvent, parse_event, read_event
from tests.events.making import related, wire_event


def test_reads_every_part() -> None:
    sent = wire_event(
        "shop.opened",
        {"prefect.resource.id": "shop.1", "colour": "red"},
        id="11111111-1111-4111-8111-111111111111",
        follows="22222222-2222-4222-8222-222222222222",
        occurred="2026-01-02T03:04:05+00:00",
        related=[related("town.1", "town")],
        payload={"n": 1},
    )

    event = parse_event(json.dumps(sent))

    assert event.id == UUID("11111111-1111-4111-8111-111111111111")
    assert event.follows == UUID("22222222-2222-4222-8222-222222222222")
    assert event.occurred == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (event.event, event.resource_id, event.resource["colour"]) == ("shop.opened", "shop.1", "red")
    assert (event.related, event.payload) == (sent["related"], {"n": 1})


@pytest.mark.parametrize("key", ["id", "occurred", "event", "resource"])
def test_misses_what_every_event_has(key: str) -> None:
    sent = wire_event()
    del sent[key]

    with pytest.raises(BadEvent) as refused:
        read_event(sent)

    assert (refused.value.kind, refused.value.where) == ("missing", (key,))


@pytest.mark.parametrize(("key", "value"), [("related", []), ("payload", {}), ("follows", None)])
def test_needs_no_more_than_that(key: str, value: Any) -> None:
    sent = wire_event()
    del sent[key]

    assert getattr(read_event(sent), key) == value


def test_reads_a_time_in_seconds() -> None:
    assert read_event(wire_event(occurred=1_795_000_000)).occurred == datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC)


def test_replaces_characters_that_a_database_cannot_store() -> None:
    sent = wire_event("a\0b", {"prefect.resource.id": "shop\0", "k": "\0"}, payload={"a\0": ["\0", {"b": "\0"}]})

    event = parse_event(json.dumps(sent))

    assert (event.event, event.resource_id) == ("a\ufffdb", "shop\ufffd")
    assert event.resource["k"] == "\ufffd"
    assert event.payload == {"a\ufffd": ["\ufffd", {"b": "\ufffd"}]}


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        (7, ()),
        ({}, ("resource",)),
        (wire_event(event=None), ("event",)),
        (wire_event(event=7), ("event",)),
        (wire_event(event="n" * 1025), ("event",)),  # 1024 characters are the most
        (wire_event(resource={}), ("resource",)),
        (wire_event(resource={"name": "no id"}), ("resource",)),
        (wire_event(resource={"prefect.resource.id": "a", "n": 1}), ("resource", "n")),
        (wire_event(resource={"prefect.resource.id": "a", **{str(n): "" for n in range(500)}}), ("resource",)),  # 501
        (wire_event(related={}), ("related",)),
        (wire_event(related=[related("a", "b")] * 101), ("related",)),  # 100 are the most
        (wire_event(related=[{"prefect.resource.id": "a"}]), ("related", 0)),  # no role
        (wire_event(payload=[]), ("payload",)),
        (wire_event(occurred="yesterday"), ("occurred",)),
        (wire_event(occurred=True), ("occurred",)),
        (wire_event(occurred=None), ("occurred",)),
        (wire_event(related=None), ("related",)),
        (wire_event(payload=None), ("payload",)),
        (wire_event(id=None), ("id",)),
        (wire_event(id="7"), ("id",)),
        (wire_event(id=7), ("id",)),
        (wire_event(follows="x"), ("follows",)),
    ],
)
def test_refuses_what_is_no_event(sent: Any, where: tuple[str | int, ...]) -> None:
    with pytest.raises(BadEvent) as refused:
        read_event(sent)

    assert refused.value.where == where


def test_refuses_text_that_is_not_json() -> None:
    with pytest.raises(BadEvent):
        parse_event("{")


def test_refuses_an_event_that_is_too_large() -> None:
    with pytest.raises(BadEvent):
        parse_event(json.dumps(wire_event(payload={"x": "y" * MAX_EVENT_BYTES})))
