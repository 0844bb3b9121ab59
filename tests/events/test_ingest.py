from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator.events import registry
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event, RelatedResource
from orchestrator.events.parsing import read_event
from tests.events.making import an_event, related, wire_event


@pytest.mark.django_db
def test_stores_an_event_once() -> None:
    sent = wire_event(related=[related("town.1", "town")])

    counts = [ingest([read_event(sent)]), ingest([read_event(sent), read_event(sent)])]

    assert counts == [1, 0]
    assert Event.objects.count() == 1
    assert RelatedResource.objects.count() == 1


@pytest.mark.django_db
def test_keeps_the_order_in_which_events_came() -> None:
    events = [an_event(f"step.{number}") for number in range(300)]

    ingest(events)

    stored = Event.objects.order_by("sequence").values_list("event", flat=True)
    assert list(stored) == [event.event for event in events]


@pytest.mark.django_db
def test_gives_every_event_to_the_recorders_also_when_it_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[list[str]] = []

    def record(events: Sequence[Event]) -> None:
        recorded.append([event.event for event in events])

    monkeypatch.setattr(registry, "_recorders", [record])
    sent = wire_event("shop.opened")

    ingest([read_event(sent)])
    ingest([read_event(sent)])

    assert recorded == [["shop.opened"], ["shop.opened"]]


@pytest.mark.django_db
def test_takes_new_numbers_when_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = iter([ValueError("not now")])

    def record(events: Sequence[Event]) -> None:
        for refusal in refusals:
            raise refusal

    monkeypatch.setattr(registry, "_recorders", [record])
    first, other = an_event("first"), an_event("other")
    with pytest.raises(ValueError, match="not now"):
        ingest([first])

    ingest([other])
    ingest([first])

    stored = Event.objects.order_by("sequence").values_list("event", flat=True)
    assert list(stored) == ["other", "first"]


@pytest.mark.django_db
def test_stores_nothing_when_a_recorder_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def record(events: Sequence[Event]) -> None:
        raise ValueError("cannot record")

    monkeypatch.setattr(registry, "_recorders", [record])

    with pytest.raises(ValueError, match="cannot record"):
        ingest([an_event()])

    assert Event.objects.count() == 0
