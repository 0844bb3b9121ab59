"""Calls of programs take a shorter way through the server than those of browsers."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from orchestrator.accounts.models import User
from orchestrator.web.handler import Answer, DjangoHandler, shares_commit
from runs.models import Flow
from tests.web.asgi import heard_of_requests

RUN_ID = "00000000-0000-7000-8000-000000000001"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def handler() -> DjangoHandler:
    return DjangoHandler()


def scope_of(path: str, method: str = "GET", root_path: str = "", **headers: str) -> dict[str, Any]:
    sent = {"host": "testserver", "content-type": "application/json"} | headers
    return {
        "type": "http",
        "method": method,
        "path": root_path + path,
        "root_path": root_path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("testserver", 80),
    }


def asked(handler: DjangoHandler, path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    return handler.answer(scope_of(path, method, **headers), BytesIO(body))


def headers_of(answer: Answer) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in answer.headers}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/health", b""),
        ("GET", "/api/flows/name/none", b""),
        ("POST", "/api/flow_runs/count", b"{}"),
        ("POST", "/api/flow_runs/filter", b'{"limit": "many"}'),
        ("DELETE", "/api/health", b""),
        ("GET", "/api/nothing", b""),
        ("HEAD", "/api/health", b""),
        ("DELETE", "/api/variables/name/none", b""),
        ("GET", "/api/deployments/templates", b""),
    ],
)
def test_answers_a_program_as_it_answers_a_browser(handler: DjangoHandler, method: str, path: str, body: bytes) -> None:
    alone = asked(handler, path, method=method, body=body)
    with_cookie = asked(handler, path, method=method, body=body, cookie="theme=dark")

    assert alone.status == with_cookie.status
    if b"application/json" in headers_of(alone)[b"content-type"]:
        assert alone.body == with_cookie.body
    assert headers_of(alone) == headers_of(with_cookie)


def test_compresses_for_a_program_as_for_a_browser(handler: DjangoHandler) -> None:
    for number in range(100):
        Flow.objects.create(name=f"{number} of many", labels={"long": "x" * 200})
    ask: dict[str, Any] = {"method": "POST", "body": b"{}", "accept-encoding": "gzip"}

    alone = asked(handler, "/api/flows/filter", **ask)
    with_cookie = asked(handler, "/api/flows/filter", **ask, cookie="theme=dark")

    assert headers_of(alone)[b"content-encoding"] == b"gzip"
    assert headers_of(alone) == headers_of(with_cookie)


def test_refuses_a_host_that_is_not_its_own(handler: DjangoHandler, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["orchestrator.example"]

    alone = asked(handler, "/api/health", host="elsewhere.example")
    with_cookie = asked(handler, "/api/health", host="elsewhere.example", cookie="theme=dark")

    assert alone.status == with_cookie.status == 400
    assert headers_of(alone).items() >= headers_of(with_cookie).items()


def test_lets_a_page_of_another_site_read_what_it_may(handler: DjangoHandler, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://ui.example.com"]

    answer = asked(handler, "/api/health", origin="https://ui.example.com")

    assert headers_of(answer)[b"access-control-allow-origin"] == b"https://ui.example.com"


def test_answers_a_preflight_without_credentials(handler: DjangoHandler) -> None:
    headers = {"origin": "https://example.com", "access-control-request-method": "POST"}

    answer = asked(handler, "/api/flow_runs/count", method="OPTIONS", **headers)

    assert answer.status == 200


def test_knows_who_has_signed_in_by_their_cookie(handler: DjangoHandler, settings: Any, client: Any) -> None:
    settings.API_AUTH = "required"
    client.force_login(User.objects.create_user("ann", password="secret"))
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    assert asked(handler, "/api/flow_runs/count", method="POST", body=b"{}").status == 401
    assert asked(handler, "/api/flow_runs/count", method="POST", body=b"{}", cookie=cookie).status != 401


def test_tells_django_of_browsers_alone(handler: DjangoHandler) -> None:
    with heard_of_requests() as told:
        asked(handler, "/api/health")
        assert told == []
        asked(handler, "/api/health", cookie="theme=dark")

    assert told == ["started", "finished"]


def test_gives_up_a_broken_connection_before_a_program_is_answered(
    handler: DjangoHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[None] = []
    monkeypatch.setattr("orchestrator.web.handler.close_old_connections", lambda: closed.append(None))

    asked(handler, "/api/health")

    assert len(closed) == 1


@pytest.mark.parametrize(
    ("asks", "shares"),
    [
        ({"path": f"/api/flow_runs/{RUN_ID}/set_state"}, True),
        ({"path": f"/api/task_runs/{RUN_ID}/set_state"}, True),
        ({"path": "/api/flow_runs/"}, True),
        ({"path": "/api/task_runs"}, True),
        ({"path": "/api/work_pools/mine/claims"}, True),
        ({"path": f"/api/claims/{RUN_ID}/release"}, False),  # wakes workers, by a broker that may be slow
        ({"path": "/api/flow_runs", "root_path": "/behind/a/proxy"}, True),
        ({"path": "/api/flow_runs", "method": "GET"}, False),
        ({"path": "/api/flow_runs", "cookie": "theme=dark"}, False),
        ({"path": "/api/flow_runs", "origin": "http://testserver"}, False),
        ({"path": "/api/flow_runs/filter"}, False),
        ({"path": "/api/logs"}, False),
        ({"path": "/api/nothing"}, False),
        ({"path": "/runs"}, False),
    ],
)
def test_shares_its_transaction_for_brief_writes_of_programs(asks: dict[str, Any], shares: bool) -> None:
    assert shares_commit(scope_of(**({"method": "POST"} | asks)), BytesIO()) == shares


def test_shares_no_transaction_for_what_came_in_parts(tmp_path: Any) -> None:
    with (tmp_path / "body").open("w+b") as body:
        assert not shares_commit(scope_of("/api/flow_runs", "POST"), body)


def test_leaves_a_short_body_open_for_another_time(handler: DjangoHandler) -> None:
    body = BytesIO(b'{"name": "asked twice"}')

    answers = [handler.answer(scope_of("/api/flows", "POST"), body).status for _ in range(2)]

    assert answers == [201, 200]
