from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from orchestrator.events.emit import emit
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event
from orchestrator.live import tail as module
from orchestrator.live.tail import Position, Tail
from tests.events.making import an_event


class Listener:
    def __init__(self, expected: int) -> None:
        self.events: list[Event] = []
        self._expected = expected
        self._complete = threading.Event()

    def __call__(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        if len(self.events) >= self._expected:
            self._complete.set()

    def names(self, timeout_seconds: float = 5.0) -> list[str]:
        self._complete.wait(timeout_seconds)
        return [event.event for event in self.events]


def test_remembers_numbers_that_are_missing() -> None:
    position = Position(10)

    position.advance([11, 14])

    assert position.last == 14
    assert position.missing() == [12, 13]


def test_forgets_a_missing_number_when_it_comes() -> None:
    position = Position(10)
    position.advance([11, 14])

    position.advance([12])

    assert position.last == 14
    assert position.missing() == [13]


def test_gives_a_missing_number_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GAP_SECONDS", 0.0)
    position = Position(10)

    position.advance([14])

    assert position.missing() == []


def test_looks_for_gaps_in_what_it_finds_at_the_beginning() -> None:
    position = Position(15, present=[10, 12, 15])

    assert position.missing() == [11, 13, 14]


@pytest.fixture
def follower() -> Tail:
    return Tail()


@pytest.mark.django_db(transaction=True)
def test_hands_on_what_is_committed_after_it_began(follower: Tail) -> None:
    ingest([an_event("before")])
    listener = Listener(3)
    follower.follow(listener)
    try:
        ingest([an_event("one"), an_event("two")])
        emit(event="three", resource={"prefect.resource.id": "x"})

        assert listener.names() == ["one", "two", "three"]
    finally:
        follower.stop(5)


@pytest.mark.django_db(transaction=True)
def test_finds_what_other_processes_committed(follower: Tail) -> None:
    listener = Listener(1)
    follower.follow(listener)
    try:
        an_event("elsewhere").save()  # no kick, as from another process

        assert listener.names() == ["elsewhere"]
    finally:
        follower.stop(5)


@pytest.mark.django_db(transaction=True)
def test_finds_a_lower_number_that_becomes_visible_later(follower: Tail) -> None:
    late, early = an_event("late"), an_event("early")
    late.sequence, early.sequence = 1_000_001, 1_000_002
    an_event("first").save()
    listener = Listener(2)
    follower.follow(listener)
    try:
        early.save()
        Listener(1).names(0.3)
        late.save()

        assert listener.names() == ["early", "late"]
    finally:
        follower.stop(5)


@pytest.mark.django_db(transaction=True)
def test_hands_nothing_to_who_has_left(follower: Tail) -> None:
    gone, there = Listener(1), Listener(1)
    follower.follow(gone)
    follower.follow(there)
    follower.leave(gone)
    try:
        ingest([an_event("one")])

        assert there.names() == ["one"]
        assert gone.events == []
    finally:
        follower.stop(5)


@pytest.mark.django_db(transaction=True)
def test_follows_again_after_everybody_had_left(follower: Tail) -> None:
    first, second = Listener(1), Listener(1)
    follower.follow(first)
    follower.leave(first)
    while follower._in_place:
        threading.Event().wait(0.01)
    ingest([an_event("unheard")])
    follower.follow(second)
    try:
        ingest([an_event("heard")])

        assert second.names() == ["heard"]
    finally:
        follower.stop(5)
