"""The server as it is run: a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets import Subprotocol
from websockets.asyncio.client import connect

from tests.events.making import wire_event
from tests.migrated import put_migrated_database

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIGURATION = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")


class Server:
    """A web server on a port and a data directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        variables = {key: value for key, value in os.environ.items() if key not in CONFIGURATION}
        self._variables = variables | {"ORCHESTRATOR_HOME": str(home)}
        put_migrated_database(home)

    def start(self) -> None:
        with open(self.home / "server.log", "wb") as log:
            self.process = subprocess.Popen(self.command(), cwd=ROOT, env=self._variables, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.get("/api/health")
                return
            except OSError:
                assert self.process.poll() is None, (self.home / "server.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "orchestrator.web.serve", "--port", str(self.port)]

    def second_run(self) -> int:
        """The exit status of another server on the same port."""
        ended = subprocess.run(self.command(), cwd=ROOT, env=self._variables, capture_output=True, timeout=20)
        return ended.returncode

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
            return response.read()

    def stop(self, by: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(20)

    def count(self, table: str) -> int:
        with sqlite3.connect(self.home / "orchestrator.db") as database:
            return database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, cwd=ROOT, env=self._variables, check=True, timeout=60)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.stop(signal.SIGKILL)


async def report(port: int, count: int) -> None:
    """Send so many events over a socket and wait for the receipt."""
    url = f"ws://127.0.0.1:{port}/api/events/in"
    async with connect(url, subprotocols=[Subprotocol("prefect")]) as client:
        await (await client.ping())  # clients ask for a PONG before they say anything
        await client.send(json.dumps({"type": "auth", "token": None}))
        assert json.loads(await client.recv()) == {"type": "auth_success"}
        for _ in range(count):
            await client.send(json.dumps(wire_event()))
        await (await client.ping())


def test_keeps_every_event_of_a_receipt_when_it_is_killed(server: Server) -> None:
    asyncio.run(report(server.port, 700))

    server.stop(signal.SIGKILL)

    assert server.count("events_event") == 700


def test_stops_cleanly(server: Server) -> None:
    deadline = time.monotonic() + 20
    while not server.count("web_webpulse") and time.monotonic() < deadline:
        time.sleep(0.05)
    was_up = server.count("web_webpulse")

    began = time.monotonic()
    server.stop(signal.SIGTERM)

    assert was_up == 1
    assert server.count("web_webpulse") == 0
    assert time.monotonic() - began < 15


def test_exits_with_3_when_the_port_is_taken(server: Server) -> None:
    assert server.second_run() == 3


def test_answers_a_request_that_is_under_way_when_it_stops(server: Server) -> None:
    async def ask_while_stopping() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        body = json.dumps([wire_event()]).encode()
        lines = ("POST /api/events HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", "", "")
        writer.write("\r\n".join(lines).encode() + body[:20])
        await writer.drain()
        await asyncio.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        writer.write(body[20:])
        await writer.drain()
        return await reader.readline()

    line = asyncio.run(ask_while_stopping())
    server.process.wait(20)

    assert b" 204 " in line
    assert server.count("events_event") == 1


def test_refuses_a_socket_that_does_not_exist_with_404(server: Server) -> None:
    async def ask() -> Any:
        from websockets.exceptions import InvalidStatus

        try:
            async with connect(f"ws://127.0.0.1:{server.port}/api/no/such/socket"):
                return None
        except InvalidStatus as refusal:
            return refusal.response.status_code

    assert asyncio.run(ask()) == 404


def test_answers_a_request_for_a_socket_that_is_none(server: Server) -> None:
    lines = ("POST /api/events/in HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket", "", "")

    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = connection.recv(1000)

    assert answer.startswith(b"HTTP/1.1 405 ")


def test_closes_a_socket_with_1007_when_its_text_is_none(server: Server) -> None:
    async def say() -> Any:
        async with connect(f"ws://127.0.0.1:{server.port}/api/events/in") as client:
            await client.send(b"\xff", text=True)
            await client.wait_closed()
            return client.close_code

    assert asyncio.run(say()) == 1007
    assert "Traceback" not in (server.home / "server.log").read_text()
