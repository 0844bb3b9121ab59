from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.accounts.keys import create_api_key, revoke_api_keys
from orchestrator.live import sockets
from orchestrator.live.sockets import ApiSocket, Socket, UnknownAddress
from orchestrator.web.threads import http_threads
from tests.live.socket_client import SocketClient


class Echo(ApiSocket):
    async def converse(self) -> None:
        while True:
            await self.send_object({"echo": await self.receive_object()})


async def greet(client: SocketClient, token: Any = None) -> Any:
    await client.say({"type": "auth", "token": token})
    return await client.hear()


@pytest.fixture
def locked(settings: Any) -> Iterator[None]:
    settings.API_AUTH = "required"
    settings.API_AUTH_STRING = "admin:pass"
    http_threads.start()
    yield
    http_threads.stop(5)


def test_greets_a_client_of_the_contract() -> None:
    async def story() -> None:
        async with SocketClient(Echo.as_asgi(), subprotocols=("prefect",)) as client:
            assert client.answer["subprotocol"] == "prefect"
            assert await greet(client) == {"type": "auth_success"}
            await client.say({"n": 1})
            assert await client.hear() == {"echo": {"n": 1}}

    asyncio.run(story())


def test_serves_a_client_that_knows_no_greeting_when_the_server_is_open() -> None:
    async def story() -> None:
        async with SocketClient(Echo.as_asgi()) as client:
            await client.say({"n": 1})
            assert await client.hear() == {"echo": {"n": 1}}

    asyncio.run(story())


@pytest.mark.parametrize("frame", [{"type": "hello"}, "no JSON", "[]", {"type": "auth", "token": 7}])
def test_closes_with_1008_when_the_first_frame_is_no_greeting(frame: Any) -> None:
    async def story() -> Any:
        async with SocketClient(Echo.as_asgi(), subprotocols=("prefect",)) as client:
            await client.say(frame)
            return await client.hear()

    assert asyncio.run(story()) == 1008


def test_closes_with_1008_when_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "HANDSHAKE_SECONDS", 0.05)

    async def story() -> Any:
        async with SocketClient(Echo.as_asgi(), subprotocols=("prefect",)) as client:
            return await client.hear()

    assert asyncio.run(story()) == 1008


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("token", "answer"), [("admin:pass", {"type": "auth_success"}), ("admin:wrong", 1008), (None, 1008)]
)
def test_asks_for_the_token_of_a_locked_server(locked: None, token: str | None, answer: Any) -> None:
    async def story() -> Any:
        async with SocketClient(Echo.as_asgi(), subprotocols=("prefect",)) as client:
            return await greet(client, token)

    assert asyncio.run(story()) == answer


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("password", "token", "answer"),
    [("pass", None, {"type": "auth_success"}), ("wrong", None, 1008), ("pass", "admin:wrong", 1008)],
)
def test_takes_the_header_of_a_client_without_a_token(
    locked: None, password: str, token: str | None, answer: Any
) -> None:
    headers = {"authorization": "Basic " + b64encode(f"admin:{password}".encode()).decode()}

    async def story() -> Any:
        async with SocketClient(Echo.as_asgi(), subprotocols=("prefect",), headers=headers) as client:
            return await greet(client, token)

    assert asyncio.run(story()) == answer


@pytest.mark.django_db(transaction=True)
def test_admits_a_client_without_greeting_that_sends_a_key_in_its_header(locked: None) -> None:
    _, key = create_api_key(name="older client")

    async def story() -> bool:
        async with SocketClient(Echo.as_asgi(), headers={"authorization": f"Bearer {key}"}) as client:
            return client.accepted

    assert asyncio.run(story()) is True


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("greets", [True, False])
def test_closes_an_open_socket_when_its_key_is_revoked(
    locked: None, monkeypatch: pytest.MonkeyPatch, greets: bool
) -> None:
    monkeypatch.setattr(sockets, "RECHECK_SECONDS", 0.05)
    _, key = create_api_key(name="lost laptop")
    manners: dict[str, Any] = {"subprotocols": ("prefect",)} if greets else {}

    async def story() -> Any:
        async with SocketClient(Echo.as_asgi(), headers={"authorization": f"Bearer {key}"}, **manners) as client:
            if greets:
                await greet(client, key)
            await asyncio.sleep(0.2)
            await client.say({"n": 1})
            before = await client.hear()
            await http_threads.call(lambda: revoke_api_keys(name_or_id="lost laptop"))
            return before, await client.hear()

    assert asyncio.run(story()) == ({"echo": {"n": 1}}, 1008)


def test_refuses_a_client_without_greeting_when_the_server_is_locked(locked: None) -> None:
    async def story() -> bool:
        async with SocketClient(Echo.as_asgi()) as client:
            return client.accepted

    assert asyncio.run(story()) is False


@pytest.mark.parametrize(
    ("origin", "accepted"),
    [("http://testserver", True), ("http://evil.example", False), ("null", False), ("https://trusted.example", True)],
)
def test_lets_no_page_of_another_site_in(settings: Any, origin: str, accepted: bool) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example"]

    async def story() -> bool:
        async with SocketClient(Echo.as_asgi(), headers={"origin": origin}) as client:
            return client.accepted

    assert asyncio.run(story()) is accepted


def test_answers_only_to_its_own_names(settings: Any) -> None:
    async def is_admitted() -> bool:
        async with SocketClient(Echo.as_asgi()) as client:
            return client.accepted

    settings.ALLOWED_HOSTS = ["testserver"]
    assert asyncio.run(is_admitted()) is True
    settings.ALLOWED_HOSTS = ["orchestrator.example"]
    assert asyncio.run(is_admitted()) is False


def test_closes_with_1011_when_it_fails() -> None:
    class Broken(ApiSocket):
        async def converse(self) -> None:
            raise ValueError("broken")

    async def story() -> Any:
        async with SocketClient(Broken.as_asgi()) as client:
            return await client.hear()

    assert asyncio.run(story()) == 1011


def test_ends_quietly_when_the_client_left_before_it_was_accepted(caplog: pytest.LogCaptureFixture) -> None:
    class Left(ConnectionError):
        """As what the web server raises."""

    async def connect() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        raise Left

    asyncio.run(Echo.as_asgi()(SocketClient(Echo.as_asgi()).scope, connect, send))

    assert caplog.records == []


def test_answers_404_for_an_address_that_does_not_exist() -> None:
    async def story() -> Any:
        extensions = {"websocket.http.response": {}}
        async with SocketClient(UnknownAddress.as_asgi(), extensions=extensions) as client:
            return client.answer["status"]

    assert asyncio.run(story()) == 404


def test_lets_the_pages_of_its_public_address_in(settings):
    settings.PUBLIC_URL = "https://flows.example.com"
    headers = [(b"host", b"backend:4200"), (b"origin", b"https://flows.example.com")]

    Socket({"headers": headers}, None, None)._refuse_other_sites()
