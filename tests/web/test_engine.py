from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from orchestrator.web.engine import HttpEngine
from orchestrator.web.threads import Threads
from tests.web import views
from tests.web.asgi import Exchange, heard_of_requests


@pytest.fixture(autouse=True)
def _addresses(settings: Any) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.web.views"
    settings.MIDDLEWARE = []
    views.blocked.clear()
    for record in (views.entered, views.parts_made, views.streams_closed):
        record.clear()
    yield
    views.blocked.set()


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads("test", 2, most_waiting=2)
    yield made
    views.blocked.set()
    made.stop(5)


@pytest.fixture
def engine(threads: Threads) -> HttpEngine:
    return HttpEngine(threads, threads)


def ask(engine: HttpEngine, *exchanges: Exchange) -> list[Exchange]:
    async def all_at_once() -> list[Exchange]:
        return list(await asyncio.gather(*(exchange.run(engine) for exchange in exchanges)))

    return asyncio.run(all_at_once())


def test_answers_in_a_fixed_number_of_threads(engine: HttpEngine) -> None:
    names = set()

    for _ in range(10):
        names |= {exchange.body for exchange in ask(engine, Exchange(path="/thread"), Exchange(path="/thread"))}

    assert names <= {b"test-1", b"test-2"}


def test_reads_a_body_that_comes_in_parts(engine: HttpEngine) -> None:
    [exchange] = ask(engine, Exchange("POST", "/length", parts=[b"ab", b"", b"cde"]))

    assert exchange.body == b"5"


def test_tells_how_long_a_body_is_that_comes_in_parts(engine: HttpEngine) -> None:
    [exchange] = ask(engine, Exchange("POST", "/told-length", parts=[b"ab", b"cde"]))

    assert exchange.body == b"5"


def test_accepts_five_megabytes(engine: HttpEngine) -> None:
    [exchange] = ask(engine, Exchange("POST", "/length", parts=[b"x" * 65_536] * 80))

    assert exchange.body == b"5242880"


@pytest.mark.parametrize(
    ("parts", "headers"),
    [
        ([b""], [(b"content-length", b"1001")]),  # the length is declared: nothing is read
        ([b"x" * 600, b"x" * 600], []),  # chunked: counted while it comes
        ([b"x" * 1001], []),
    ],
)
def test_refuses_a_body_over_the_limit(engine: HttpEngine, settings: Any, parts: Any, headers: Any) -> None:
    settings.MAX_BODY_BYTES = 1000

    [exchange] = ask(engine, Exchange("POST", "/length", parts=parts, headers=headers))

    assert exchange.status == 413
    assert "1000 bytes" in orjson.loads(exchange.body)["detail"]


def test_sends_no_body_to_head(engine: HttpEngine) -> None:
    [plain, stream] = ask(engine, Exchange("HEAD", "/thread"), Exchange("HEAD", "/stream?parts=3"))

    assert (plain.status, plain.body) == (200, b"")
    assert (stream.status, stream.body) == (200, b"")
    assert views.parts_made == []


def test_sends_every_cookie(engine: HttpEngine) -> None:
    [exchange] = ask(engine, Exchange(path="/cookies"))

    sent = [value for key, value in exchange.messages[0]["headers"] if key == b"Set-Cookie"]
    assert len(sent) == 2


def test_answers_500_when_a_view_fails(engine: HttpEngine) -> None:
    [exchange] = ask(engine, Exchange(path="/fail"))

    assert exchange.status == 500


def test_keeps_the_path_under_which_a_proxy_publishes_it(engine: HttpEngine) -> None:
    [exchange] = ask(engine, Exchange(path="/own", root_path="/flows"))

    assert exchange.body == b"/own /flows/own"


def test_tells_django_of_the_beginning_and_the_end(engine: HttpEngine) -> None:
    with heard_of_requests() as told:
        ask(engine, Exchange(path="/thread"))
        ask(engine, Exchange(path="/stream?parts=1"))

    assert told == ["started", "finished"] * 2


def test_answers_503_when_too_many_wait(engine: HttpEngine) -> None:
    exchanges = [Exchange(path="/wait") for _ in range(8)]

    async def flood() -> None:
        running = [asyncio.ensure_future(exchange.run(engine)) for exchange in exchanges]
        await asyncio.sleep(0.2)
        views.blocked.set()
        await asyncio.gather(*running)

    asyncio.run(flood())
    refused = [exchange for exchange in exchanges if exchange.status == 503]
    assert refused
    assert refused[0].header("Retry-After") == "1"
    assert orjson.loads(refused[0].body) == {"exception_message": "Service Unavailable"}
    assert [exchange.body for exchange in exchanges if exchange.status == 200]


def test_does_not_begin_what_a_client_no_longer_waits_for(engine: HttpEngine) -> None:
    async def leave_early() -> None:
        busy = [asyncio.ensure_future(Exchange(path="/wait?name=busy").run(engine)) for _ in range(3)]
        await asyncio.sleep(0.1)
        impatient = Exchange(path="/wait?name=impatient")
        waiting = asyncio.ensure_future(impatient.run(engine))
        await asyncio.sleep(0.05)
        impatient._left.set()
        await asyncio.wait_for(waiting, 1)
        views.blocked.set()
        await asyncio.gather(*busy)

    asyncio.run(leave_early())

    assert views.entered == ["busy"] * 3


def test_streams_every_part(engine: HttpEngine) -> None:
    [exchange] = ask(engine, Exchange(path="/stream?parts=40"))

    assert len(exchange.body) == 40 * 50_000
    assert views.streams_closed == [True]


def test_makes_parts_at_the_pace_of_the_reader(engine: HttpEngine) -> None:
    reading = asyncio.Event()

    class SlowReader(Exchange):
        async def _send(self, message: dict[str, Any]) -> None:
            await super()._send(message)
            if len(self.messages) == 2:
                await reading.wait()

    async def read_slowly() -> int:
        exchange = SlowReader(path="/stream?parts=200")
        running = asyncio.ensure_future(exchange.run(engine))
        await asyncio.sleep(0.3)
        made = len(views.parts_made)
        reading.set()
        await running
        return made

    made_while_blocked = asyncio.run(read_slowly())

    assert made_while_blocked < 20  # 50,000 bytes each; at most 256 KiB ahead, and what was sent before
    assert len(views.parts_made) == 200


def test_stops_making_parts_when_the_client_leaves(engine: HttpEngine, threads: Threads) -> None:
    ask(engine, Exchange(path="/stream?parts=100000", leave_after=3))

    threads.stop(5)
    assert len(views.parts_made) < 1000
    assert views.streams_closed == [True]


def test_breaks_off_when_the_reader_takes_nothing(
    engine: HttpEngine, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.web.engine.STALL_SECONDS", 0.05)

    class Sleeper(Exchange):
        async def _send(self, message: dict[str, Any]) -> None:
            await super()._send(message)
            if len(self.messages) == 2:
                await asyncio.sleep(60)

    ask(engine, Sleeper(path="/stream?parts=200"))

    threads.stop(5)
    assert len(views.parts_made) < 20
    assert views.streams_closed == [True]


def test_breaks_off_when_a_stream_fails(engine: HttpEngine) -> None:
    with pytest.raises(ValueError, match="broken stream"):
        ask(engine, Exchange(path="/stream?parts=2&fail=1"))

    assert views.streams_closed == [True]
