from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError

from orchestrator.events import pipeline as module
from orchestrator.events.models import Event
from orchestrator.events.pipeline import Item, NotStored, NotYetStored, Pipeline, Ticket
from tests.events.making import an_event
from tests.waiting import eventually


class Store:
    """Keeps the batches instead of writing them. `before` may raise, as a database would."""

    def __init__(self, before: Callable[[Sequence[Event]], None] = lambda events: None) -> None:
        self.batches: list[list[Event]] = []
        self._before = before

    def __call__(self, events: Sequence[Event]) -> None:
        self._before(events)
        self.batches.append(list(events))

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]


@pytest.fixture
def begin() -> Iterator[Callable[[Store], Pipeline]]:
    made: list[Pipeline] = []

    def begin(store: Store) -> Pipeline:
        made.append(Pipeline(store))
        return made[-1]

    yield begin
    for pipeline in made:
        pipeline.stop(2)


def test_stores_what_is_offered_in_order(begin: Any) -> None:
    store = Store()
    pipeline = begin(store)
    events = [an_event() for _ in range(20)]

    for event in events:
        assert pipeline.offer(event, 100)

    eventually(lambda: len(store.events) == 20)
    assert store.events == events


def test_gathers_what_comes_close_together(begin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_SECONDS", 2.0)
    store = Store()
    pipeline = begin(store)

    for _ in range(6):
        pipeline.offer(an_event(), 100)
        time.sleep(0.01)

    eventually(lambda: len(store.events) == 6)
    assert len(store.batches) == 1


def test_stores_no_more_than_a_batch_at_once(begin: Any) -> None:
    release = threading.Event()
    store = Store(lambda events: release.wait(5) and None)
    pipeline = begin(store)

    for _ in range(1201):
        pipeline.offer(an_event(), 100)
    release.set()

    eventually(lambda: len(store.events) == 1201)
    assert max(len(batch) for batch in store.batches) == 500


def test_returns_when_the_events_are_stored(begin: Any) -> None:
    store = Store()

    begin(store).store([an_event(), an_event()], 200)

    assert len(store.events) == 2


def test_makes_nobody_wait_for_a_batch_to_fill(begin: Any) -> None:
    pipeline = begin(Store())
    pipeline.store([an_event()], 100)
    began = time.monotonic()

    for _ in range(100):
        pipeline.store([an_event()], 100)

    assert time.monotonic() - began < 4  # and not 100 times 50 ms


def test_loses_only_the_bad_event_of_a_batch(begin: Any) -> None:
    bad = an_event("bad")
    hold = threading.Event()

    def refuse(events: Sequence[Event]) -> None:
        hold.wait(5)
        if bad in events:
            raise DataError("this one cannot be stored")

    store = Store(refuse)
    pipeline = begin(store)
    good = [an_event() for _ in range(4)]
    for event in (good[0], good[1], bad, good[2], good[3]):
        pipeline.offer(event, 100)
    hold.set()

    eventually(lambda: len(store.events) == 4)
    assert store.events == good


def test_tells_who_waits_that_an_event_was_not_stored(begin: Any) -> None:
    def refuse(events: Sequence[Event]) -> None:
        raise DataError("never")

    with pytest.raises(NotStored):
        begin(Store(refuse)).store([an_event()], 100)


def test_waits_for_a_busy_database(begin: Any) -> None:
    failures = iter([OperationalError("database is locked"), OperationalError("database is locked")])

    def busy(events: Sequence[Event]) -> None:
        for error in failures:
            raise error

    store = Store(busy)

    begin(store).store([an_event()], 100)

    assert len(store.events) == 1


def test_tells_who_waits_that_it_takes_too_long(begin: Any) -> None:
    release = threading.Event()
    pipeline = begin(Store(lambda events: release.wait(5) and None))

    with pytest.raises(NotYetStored):
        pipeline.store([an_event()], 100, timeout_seconds=0.05)

    release.set()


def test_accepts_nothing_while_it_is_full(begin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EVENTS", 10)
    storing, release = threading.Event(), threading.Event()

    def hold_up(events: Sequence[Event]) -> None:
        storing.set()
        release.wait(60)

    pipeline = begin(Store(hold_up))

    async def fill_and_wait() -> bool:
        pipeline.offer(an_event(), 100)
        assert await asyncio.to_thread(storing.wait, 60)
        offered = 0
        while pipeline.offer(an_event(), 100):
            offered += 1
        assert offered == 10
        room = asyncio.ensure_future(pipeline.room())
        await asyncio.sleep(0.02)
        assert not room.done()
        release.set()
        await asyncio.wait_for(room, 60)
        return pipeline.offer(an_event(), 100)

    assert asyncio.run(fill_and_wait())


def test_stores_what_waits_before_it_stops() -> None:
    store = Store(lambda events: time.sleep(0.02))
    pipeline = Pipeline(store)
    for _ in range(1500):
        pipeline.offer(an_event(), 100)

    pipeline.stop(5)

    assert len(store.events) == 1500


def test_accepts_nothing_after_it_stopped() -> None:
    pipeline = Pipeline(Store())
    pipeline.stop(1)

    with pytest.raises(NotYetStored):
        pipeline.offer(an_event(), 100)


def test_answers_a_receipt_after_the_events_before_it(begin: Any) -> None:
    release = threading.Event()
    store = Store(lambda events: release.wait(5) and None)
    pipeline = begin(store)

    async def ask_for_receipt() -> tuple[bool, int]:
        answered = asyncio.Event()
        for _ in range(3):
            pipeline.offer(an_event(), 100)
        pipeline.when_stored(answered.set)
        await asyncio.sleep(0.05)
        early = answered.is_set()
        release.set()
        await asyncio.wait_for(answered.wait(), 5)
        return early, len(store.events)

    assert asyncio.run(ask_for_receipt()) == (False, 3)


def test_answers_a_receipt_at_once_when_nothing_waits(begin: Any) -> None:
    pipeline = begin(Store())

    async def ask_for_receipt() -> None:
        answered = asyncio.Event()
        pipeline.when_stored(answered.set)
        await asyncio.wait_for(answered.wait(), 1)

    asyncio.run(ask_for_receipt())


@pytest.mark.django_db
def test_becomes_part_of_an_open_transaction() -> None:
    Pipeline().store([an_event()], 100)

    assert Event.objects.count() == 1


def test_stores_an_event_again_that_another_process_stored_in_the_same_moment():
    tries = []

    def store(events):
        tries.append(events)
        if len(tries) == 1:
            raise IntegrityError("the event is known")

    ticket = Ticket(1)

    Pipeline(store)._store_batch([Item(Event(event="x"), 1, ticket)])

    ticket.wait(0)
    assert len(tries) == 2
