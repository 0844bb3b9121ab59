"""How the connections of one socket spread over the processes that listen on it; here they are servers of one loop."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from orchestrator.web.accepting import Loads, SharingServer


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener


@pytest.fixture
def loads() -> Iterator[Callable[[int], Loads]]:
    """Makes those of the process with this number."""
    with tempfile.TemporaryFile() as file:
        yield lambda number: Loads(file.fileno(), number)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


async def started(listener: socket.socket, loads: Loads) -> SharingServer:
    config = uvicorn.Config(hello, lifespan="off", http="httptools", log_level="error", timeout_graceful_shutdown=1)
    config.load()
    server = SharingServer(config, listener.dup(), loads)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    return server


async def opened(listener: socket.socket, count: int) -> list[asyncio.StreamWriter]:
    """Connections that are opened at once, and have been answered."""
    streams = await asyncio.gather(*(asyncio.open_connection(*listener.getsockname()) for _ in range(count)))
    for _, writer in streams:
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    for reader, _ in streams:
        assert (await asyncio.wait_for(reader.readuntil(b"hi"), 10)).startswith(b"HTTP/1.1 200")
    return [writer for _, writer in streams]


async def served_by(servers: list[SharingServer], writers: list[asyncio.StreamWriter]) -> list[int]:
    """How many connections each serves. All of them end."""
    served = [len(server.server_state.connections) for server in servers]
    for writer in writers:
        writer.close()
    for server in servers:
        await server.shutdown()
    return served


def test_serve_as_many_each(listener: socket.socket, loads: Callable[[int], Loads]) -> None:
    async def story() -> list[int]:
        servers = [await started(listener, loads(number)) for number in range(2)]
        writers = await opened(listener, 8)
        return await served_by(servers, writers)

    assert asyncio.run(story()) == [4, 4]


def test_give_new_connections_to_who_comes_later(listener: socket.socket, loads: Callable[[int], Loads]) -> None:
    async def story() -> list[int]:
        servers = [await started(listener, loads(0))]
        writers = await opened(listener, 5)
        servers.append(await started(listener, loads(1)))
        writers += await opened(listener, 3)
        return await served_by(servers, writers)

    assert asyncio.run(story()) == [5, 3]


def test_do_not_wait_for_ever_for_one_that_does_not_react(
    listener: socket.socket, loads: Callable[[int], Loads]
) -> None:
    async def story() -> int:
        loads(1).say(0)
        server = await started(listener, loads(0))
        writers = await opened(listener, 3)
        served = len(server.server_state.connections)
        for writer in writers:
            writer.close()
        await server.shutdown()
        return served

    assert asyncio.run(story()) == 3


def test_know_who_serves_more(loads: Callable[[int], Loads]) -> None:
    mine, other, absent = loads(0), loads(1), loads(2)

    mine.say(1)
    assert not mine.is_ahead  # nobody else is there
    other.say(1)
    assert not mine.is_ahead
    mine.say(2)
    assert mine.is_ahead
    assert not other.is_ahead
    other.leave()
    assert not mine.is_ahead
    assert not absent.is_ahead


def test_say_when_connections_end(listener: socket.socket, loads: Callable[[int], Loads]) -> None:
    async def story() -> list[bool]:
        other = loads(1)
        other.say(1)
        mine = loads(0)
        server = await started(listener, mine)
        writers = await opened(listener, 2)
        ahead = [mine.is_ahead]
        for writer in writers:
            writer.close()
        while server.server_state.connections:
            await asyncio.sleep(0.01)
        ahead.append(mine.is_ahead)
        await server.shutdown()
        return ahead

    assert asyncio.run(asyncio.wait_for(story(), 20)) == [True, False]


def test_refuse_nobody_while_files_are_lacking(
    listener: socket.socket, loads: Callable[[int], Loads], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.web.accepting.EXHAUSTED_SECONDS", 0.05)

    async def story() -> int:
        server = await started(listener, loads(0))
        lacking = _LacksFiles(server._listener, times=2)
        server._listener = lacking  # type: ignore[assignment]
        writers = await opened(listener, 1)
        for writer in writers:
            writer.close()
        await server.shutdown()
        return lacking.times

    assert asyncio.run(story()) == 0


class _LacksFiles:
    """A listening socket of a process that cannot open more files, the first few times."""

    def __init__(self, listener: socket.socket, times: int) -> None:
        self._listener = listener
        self.times = times

    def accept(self) -> tuple[socket.socket, Any]:
        if self.times:
            self.times -= 1
            raise OSError(24, "Too many open files")
        return self._listener.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)
