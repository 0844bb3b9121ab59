"""Websockets of the API, against a small server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.sync.server import serve

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.sockets import ApiSocket
from orchestrator.sdk.api.transport import HttpTransport
from orchestrator.sdk.errors import SocketLost, SocketRefused
from tests.sdk.fake_api import FakeApi

Story = Callable[[Any], None]


@pytest.fixture
def server() -> Iterator[Callable[[Story], str]]:
    """Starts a server that greets and then does what it is told; returns the API's address."""
    started: list[Any] = []

    def start(story: Story) -> str:
        made = serve(story, "127.0.0.1", 0, subprotocols=["prefect"])
        threading.Thread(target=made.serve_forever, daemon=True).start()
        started.append(made)
        return f"http://127.0.0.1:{made.socket.getsockname()[1]}/api"

    yield start
    for made in started:
        made.shutdown()


def greeted(connection: Any) -> Any:
    token = json.loads(connection.recv())["token"]
    connection.send(json.dumps({"type": "auth_success"}))
    return token


def opened(address: str, **options: Any) -> ApiSocket:
    return ApiSocket(Client(HttpTransport(address), **options), "/events/out")


def echo_token(connection: Any) -> None:
    connection.send(json.dumps({"token": greeted(connection), "path": connection.request.path}))
    connection.recv()


@pytest.mark.parametrize(
    ("options", "token"), [({}, None), ({"api_key": "k"}, "k"), ({"auth_string": "ada:secret"}, "ada:secret")]
)
def test_says_who_calls(server, options, token):
    with opened(server(echo_token), **options) as socket:
        assert socket.hear(timeout=5) == {"token": token, "path": "/api/events/out"}


def test_hears_nothing_within_its_time(server):
    def story(connection: Any) -> None:
        greeted(connection)
        connection.recv()

    with opened(server(story)) as socket:
        assert socket.hear(timeout=0.01) is None


def test_says_that_it_is_not_wanted(server):
    def story(connection: Any) -> None:
        connection.recv()
        connection.close(1008, "Unauthorized")

    with pytest.raises(SocketRefused, match="Unauthorized"):
        opened(server(story))


def test_says_that_it_was_lost(server):
    def story(connection: Any) -> None:
        greeted(connection)
        connection.close(1012, "restart")

    with opened(server(story)) as socket, pytest.raises(SocketLost):
        socket.hear(timeout=5)


def test_says_that_nobody_listens():
    with pytest.raises(SocketLost):
        opened("http://127.0.0.1:9/api")


def test_says_that_there_is_no_address():
    with pytest.raises(SocketRefused, match="memory"):
        ApiSocket(FakeApi().client(), "/events/out")
