"""That the web server rests while nobody asks, and still stops at once."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest
import uvicorn

from orchestrator.web import quiet_server
from orchestrator.web.quiet_server import QuietServer


class CountingServer(QuietServer):
    ticks = 0

    async def on_tick(self, counter: int) -> bool:
        self.ticks += 1
        return await super().on_tick(counter)


async def silence(scope: Any, receive: Any, send: Any) -> None:
    """Nobody asks it anything."""


@pytest.fixture
def server() -> CountingServer:
    return CountingServer(uvicorn.Config(silence, lifespan="off"))


@pytest.fixture
def rare_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_server, "DATE_SECONDS", 3600.0)


@pytest.mark.usefixtures("rare_dates")
def test_does_nothing_between_two_dates(server):
    async def serve_for_a_moment() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(server.main_loop(), 0.5)

    asyncio.run(serve_for_a_moment())

    assert server.ticks == 1


def test_keeps_the_date_of_answers_right(server, monkeypatch):
    monkeypatch.setattr(quiet_server, "DATE_SECONDS", 0.01)

    async def serve_until_the_date_has_changed() -> list[bytes]:
        serving = asyncio.create_task(server.main_loop())
        dates: list[bytes] = []
        while len(dates) < 2:
            await asyncio.sleep(0.01)
            dates += [value for name, value in server.server_state.default_headers if value not in dates]
        server.handle_exit(signal.SIGTERM, None)
        await serving
        return dates

    dates = asyncio.run(asyncio.wait_for(serve_until_the_date_has_changed(), 30))
    assert all(date.endswith(b" GMT") for date in dates)


@pytest.mark.usefixtures("rare_dates")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_is_woken_by_the_signal_that_ends_it(loop):
    config = uvicorn.Config(silence, port=0, lifespan="off", loop=loop, log_level="error")
    server = QuietServer(config)

    async def serve_until_told() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # it sleeps
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(serving, 60)

    heard: list[int] = []  # the server passes it on when it has ended
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(serve_until_told())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


@pytest.mark.usefixtures("rare_dates")
def test_ends_when_it_was_told_before_it_began(server):
    server.handle_exit(signal.SIGTERM, None)

    asyncio.run(asyncio.wait_for(server.main_loop(), 30))

    assert server.should_exit
