from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event
from orchestrator.live import consumers, hub
from orchestrator.live.consumers import EventsIn, EventsOut
from orchestrator.web.receipts import EXTENSION, PING, Receipts
from tests.events.making import an_event, wire_event
from tests.live.socket_client import SocketClient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("companions")]


async def stored_names(count: int) -> list[str]:
    def read() -> list[str]:
        try:
            return list(Event.objects.order_by("sequence").values_list("event", flat=True))
        finally:
            connection.close()

    names: list[str] = []
    for _ in range(100):
        names = await asyncio.to_thread(read)
        if len(names) >= count:
            break
        await asyncio.sleep(0.02)
    return names


def test_stores_every_event_that_comes_in() -> None:
    async def story() -> list[str]:
        async with SocketClient(EventsIn.as_asgi()) as client:
            for number in range(3):
                await client.say(wire_event(f"n.{number}"))
            return await stored_names(3)

    assert asyncio.run(story()) == ["n.0", "n.1", "n.2"]


def test_passes_over_a_frame_that_is_no_event() -> None:
    async def story() -> list[str]:
        async with SocketClient(EventsIn.as_asgi()) as client:
            for frame in (wire_event("good"), "no JSON", {"event": 7}, wire_event("better")):
                await client.say(frame)
            return await stored_names(2)

    assert asyncio.run(story()) == ["good", "better"]


def test_answers_a_ping_when_the_events_before_it_are_stored() -> None:
    async def story() -> list[str]:
        receipts = Receipts()
        async with SocketClient(EventsIn.as_asgi(), extensions={EXTENSION: receipts}) as client:
            answered = asyncio.Event()
            await client.say(wire_event("one"))
            client.give({"type": PING, "answer": answered.set})
            await asyncio.wait_for(answered.wait(), 5)
            assert receipts.wanted
            return await stored_names(1)

    assert asyncio.run(story()) == ["one"]


async def subscribe(client: SocketClient, filter: dict[str, Any], **more: Any) -> None:
    await client.say({"type": "filter", "filter": filter, **more})


async def heard_names(client: SocketClient, count: int) -> list[str]:
    frames = [await client.hear() for _ in range(count)]
    assert all(frame["type"] == "event" for frame in frames)
    return [frame["event"]["event"] for frame in frames]


async def until_listening() -> None:
    while not hub.current_hub()._following:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


def test_sends_the_events_that_are_asked_for() -> None:
    async def story() -> list[str]:
        async with SocketClient(EventsOut.as_asgi()) as client:
            await subscribe(client, {"event": {"prefix": ["shop."]}})
            await until_listening()
            events = [an_event("town.grew"), an_event("shop.opened"), an_event("shop.closed")]
            await asyncio.to_thread(ingest_and_close, events)
            return await heard_names(client, 2)

    assert asyncio.run(story()) == ["shop.opened", "shop.closed"]


def ingest_and_close(events: list[Event]) -> None:
    ingest(events)
    connection.close()


def test_sends_what_is_stored_first_and_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "BACKFILL_PAGE", 2)
    ingest([an_event(f"old.{number}") for number in range(5)])

    async def story() -> tuple[list[str], bool]:
        async with SocketClient(EventsOut.as_asgi()) as client:
            await subscribe(client, {}, backfill=True)
            old = await heard_names(client, 5)
            await asyncio.to_thread(ingest_and_close, [an_event("new")])
            return old + await heard_names(client, 1), await client.hears_nothing()

    names, silent = asyncio.run(story())

    assert names == ["old.0", "old.1", "old.2", "old.3", "old.4", "new"]
    assert silent


def test_looks_back_no_more_than_a_quarter_of_an_hour() -> None:
    at = datetime.now(UTC)
    for minutes in (16, 14):
        ingest([an_event(f"{minutes} minutes ago", occurred=(at - timedelta(minutes=minutes)).isoformat())])

    async def story() -> list[str]:
        async with SocketClient(EventsOut.as_asgi()) as client:
            await subscribe(client, {"occurred": {"since": "2020-01-01T00:00:00Z"}})
            return await heard_names(client, 1)

    assert asyncio.run(story()) == ["14 minutes ago"]


def test_leaves_out_what_is_stored_when_asked() -> None:
    ingest([an_event("old")])

    async def story() -> bool:
        async with SocketClient(EventsOut.as_asgi()) as client:
            await subscribe(client, {}, backfill=False)
            return await client.hears_nothing(0.3)

    assert asyncio.run(story())


@pytest.mark.parametrize(
    "frame", [{"type": "hello"}, {"type": "filter"}, {"type": "filter", "filter": {"colour": "red"}}]
)
def test_closes_with_1002_when_no_filter_comes(frame: Any) -> None:
    async def story() -> Any:
        async with SocketClient(EventsOut.as_asgi()) as client:
            await client.say(frame)
            return await client.hear()

    assert asyncio.run(story()) == 1002


def test_sends_a_slow_reader_everything_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_WAITING", 3)
    monkeypatch.setattr(consumers, "BACKFILL_PAGE", 4)

    async def story() -> tuple[list[str], bool]:
        async with SocketClient(EventsOut.as_asgi()) as client:
            await subscribe(client, {"event": {"prefix": ["new"]}})
            await until_listening()
            for start in (0, 10):
                batch = [an_event(f"new.{number}") for number in range(start, start + 10)]
                await asyncio.to_thread(ingest_and_close, [*batch, an_event("other")])
            names = await heard_names(client, 20)
            return names, await client.hears_nothing()

    names, silent = asyncio.run(story())

    assert names == [f"new.{number}" for number in range(20)]
    assert silent


def test_loses_nothing_that_comes_during_a_long_backfill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_WAITING", 5)
    monkeypatch.setattr(consumers, "BACKFILL_PAGE", 10)
    ingest([an_event(f"old.{number}") for number in range(30)])
    read = consumers.stored_events

    def read_slowly(*place: Any) -> list[Event]:
        page = read(*place)
        if len(asked) < 3:
            # An hour's clock of another host is no reason to lose an event: it is behind what was sent already.
            late = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
            ingest([an_event(f"during.{len(asked)}.{number}", occurred=late) for number in range(10)])
        asked.append(place)
        return page

    asked: list[Any] = []
    monkeypatch.setattr(consumers, "stored_events", read_slowly)

    async def story() -> tuple[list[str], bool]:
        async with SocketClient(EventsOut.as_asgi()) as client:
            await subscribe(client, {})
            names = await heard_names(client, 60)
            return names, await client.hears_nothing()

    names, silent = asyncio.run(story())

    assert sorted(names) == sorted(
        [f"old.{number}" for number in range(30)]
        + [f"during.{page}.{number}" for page in range(3) for number in range(10)]
    )
    assert silent


def test_stops_following_the_log_when_the_last_reader_leaves() -> None:
    async def story() -> bool:
        async with SocketClient(EventsOut.as_asgi()) as client:
            await subscribe(client, {})
            await until_listening()
        return hub.current_hub()._following

    assert asyncio.run(story()) is False
