"""A server below a path: both kinds of proxies, HTTP and sockets, pages and API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from channels.routing import URLRouter

from orchestrator.routing import websocket_urlpatterns
from orchestrator.web.engine import HttpEngine
from orchestrator.web.prefix import Prefixed
from orchestrator.web.threads import Threads
from tests.live.socket_client import SocketClient
from tests.web.asgi import Exchange

PREFIX = "/orchestrator"


@pytest.fixture
def application(settings: Any, transactional_db: None) -> Iterator[Prefixed]:
    settings.FORCE_SCRIPT_NAME = PREFIX
    settings.STATIC_URL = f"{PREFIX}/static/"
    threads = Threads("test", 2, most_waiting=10)
    yield Prefixed(HttpEngine(threads, threads), PREFIX)
    threads.stop(5)


def ask(application: Any, path: str, **options: Any) -> Exchange:
    return asyncio.run(Exchange(path=path, **options).run(application))


@pytest.mark.parametrize("handed_on", [PREFIX, ""], ids=["with the prefix", "without it"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/health", 200),
        ("/api/health/", 200),
        ("/api/nothing", 404),
        ("/runs/", 200),
        ("/docs", 200),
        ("/admin/login/", 200),
        ("/static/js/live.js", 200),
        ("/nothing", 404),
    ],
)
def test_answers_whether_or_not_a_proxy_takes_the_prefix_off(application, handed_on, path, status):
    assert ask(application, handed_on + path).status == status


def test_leads_to_addresses_below_the_prefix(application):
    first = ask(application, PREFIX)
    page = ask(application, f"{PREFIX}/runs/").body.decode()

    assert first.status == 200
    assert f'href="{PREFIX}/runs/"' in first.body.decode()
    assert f'data-root="{PREFIX}/"' in page
    assert f"{PREFIX}/static/joined/page" in page
    assert 'href="/runs' not in page


def test_does_not_take_a_longer_name_for_the_prefix(application):
    assert ask(application, f"{PREFIX}s/api/health").status == 404


@pytest.mark.parametrize("handed_on", [PREFIX, ""])
def test_opens_sockets_whether_or_not_a_proxy_takes_the_prefix_off(handed_on):
    sockets = Prefixed(URLRouter(websocket_urlpatterns), PREFIX)

    async def story() -> bool:
        async with SocketClient(sockets, f"{handed_on}/api/events/in", subprotocols=("prefect",)) as client:
            return client.accepted

    assert asyncio.run(story()) is True


def test_changes_nothing_without_a_prefix():
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    scope = {"type": "http", "path": "/api/health"}
    asyncio.run(Prefixed(application, "")(scope, None, None))  # type: ignore[arg-type]

    assert seen == [scope]
