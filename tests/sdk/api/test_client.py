from __future__ import annotations

import base64
import os
import threading
import time

import pytest

from orchestrator import ApiError, ServerUnreachable, flow
from orchestrator.contract.versions import API_VERSION
from orchestrator.sdk.api.client import Client, current_client
from orchestrator.sdk.api.transport import HttpTransport, Response
from orchestrator.sdk.errors import RunAbandoned, SettingError
from orchestrator.sdk.timing import pace


class Scripted:
    """A transport that gives prepared answers, one after the other."""

    address = "http://scripted.test/api"

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def handle(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


OK = Response(200, b'{"fine": true}')
BUSY = Response(503, b"", {"retry-after": "0.05"})

# what the server does before it answers for good
TROUBLES = [
    [BUSY],
    [Response(429, b"", {"retry-after": "0"}), Response(502), Response(408)],
    [ConnectionResetError("reset"), TimeoutError("slow")],
]


@pytest.mark.parametrize("troubles", TROUBLES)
def test_asks_again_when_the_server_is_busy_or_away(troubles):
    transport = Scripted(*troubles, OK)

    assert Client(transport).ask("GET", "/x") == {"fine": True}
    assert len(transport.requests) == len(troubles) + 1


def test_waits_as_long_as_the_server_says():
    transport = Scripted(Response(503, b"", {"retry-after": "0.3"}), OK)

    began = time.monotonic()
    Client(transport).ask("GET", "/x")

    assert time.monotonic() - began >= 0.3


def test_gives_up_when_its_patience_is_over():
    with pytest.raises(ServerUnreachable, match="status 503"):
        Client(Scripted(*[BUSY] * 100)).ask("GET", "/x", patience_seconds=0.2)


def test_does_not_repeat_what_the_server_refused():
    transport = Scripted(Response(409, b'{"detail": "taken"}'))

    with pytest.raises(ApiError, match="taken") as caught:
        Client(transport).ask("POST", "/x", {})

    assert caught.value.status == 409
    assert len(transport.requests) == 1


@pytest.mark.parametrize("trouble", [ConnectionResetError("reset"), TimeoutError("slow"), Response(502), Response(408)])
def test_sends_once_what_may_have_arrived(trouble):
    transport = Scripted(trouble, OK)

    with pytest.raises(ServerUnreachable, match=r"POST /x: the answer of .* was lost"):
        Client(transport).send("POST", "/x", {}, once=True)
    assert len(transport.requests) == 1


@pytest.mark.parametrize("trouble", [ConnectionRefusedError("away"), BUSY, Response(429, b"", {"retry-after": "0"})])
def test_sends_again_what_has_not_arrived(trouble):
    assert Client(Scripted(trouble, OK)).ask("POST", "/x", {}, once=True) == {"fine": True}


def test_uses_no_old_connection_for_what_is_sent_once(http):
    client = Client(HttpTransport(http.url))
    client.ask("POST", "/flows/", {"name": "a"})

    client.ask("POST", "/flows/", {"name": "a"}, once=True)

    assert http.connections == 2


@pytest.mark.parametrize("status", [200, 404])
def test_says_that_something_else_than_the_api_answered(status):
    page = Response(status, b"<html>" + b"a page that is long " * 1000)

    with pytest.raises(ApiError, match=r"http://scripted\.test/api answered .* something else than JSON") as caught:
        Client(Scripted(page)).ask("GET", "/x")

    assert len(str(caught.value)) < 400


def test_sends_who_it_is():
    transport = Scripted(OK, OK)

    Client(transport, api_key="k", auth_string="u:p").ask("GET", "/x")
    Client(transport, auth_string="u:p").ask("GET", "/x")

    with_key, with_auth = transport.requests
    assert with_key.headers["User-Agent"].startswith("orchestrator/")
    assert with_key.headers["X-PREFECT-API-VERSION"] == API_VERSION
    assert with_key.headers["Authorization"] == "Bearer k"
    assert with_auth.headers["Authorization"] == "Basic " + base64.b64encode(b"u:p").decode()


def test_is_none_without_a_url():
    assert current_client() is None


def test_keeps_its_connection(http):
    client = current_client()

    for _ in range(5):
        client.ask("POST", "/flows/", {"name": "f"})

    assert http.connections == 1


def test_connects_again_when_the_server_closed_an_idle_connection(http):
    client = current_client()
    client.ask("POST", "/flows/", {"name": "f"})
    http.cut_connections()
    time.sleep(0.05)

    assert client.ask("POST", "/flows/", {"name": "f"})["name"] == "f"
    assert http.connections == 2


def test_does_not_share_a_connection_with_a_forked_child(http):
    client = current_client()
    client.ask("POST", "/flows/", {"name": "parent"})

    child = os.fork()
    if child == 0:
        client.ask("POST", "/flows/", {"name": "child"})
        os._exit(0)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert client.ask("POST", "/flows/", {"name": "parent"})["name"] == "parent"
    assert http.connections == 2


@pytest.mark.parametrize(
    "url", ["localhost:4200", "127.0.0.1:4200/api", "http://127.0.0.1:99999/api", "http://host:port/api"]
)
def test_refuses_a_url_that_is_none(url):
    with pytest.raises(SettingError, match="ORCHESTRATOR_API_URL"):
        HttpTransport(url)


def test_tells_the_author_when_the_server_is_not_there(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("ORCHESTRATOR_CONNECT_SECONDS", "0.3")

    @flow
    def never():
        return None

    with pytest.raises(ServerUnreachable):
        never()


NO_TOKEN = Response(403, b'{"detail": "Missing CSRF token."}')
OLD_TOKEN = Response(403, b'{"detail": "Invalid CSRF token or client identifier."}')


def a_token(text):
    return Response(200, f'{{"token": "{text}"}}'.encode())


def test_fetches_a_token_when_the_server_misses_it_and_keeps_it():
    transport = Scripted(NO_TOKEN, a_token("t1"), OK, OK, OK)
    client = Client(transport)

    assert client.ask("POST", "/x", {}) == {"fine": True}
    client.ask("POST", "/y", {})
    client.ask("GET", "/z")

    asked = transport.requests[1]
    assert asked.path.startswith("/csrf-token?client=")
    assert [request.headers.get("Prefect-Csrf-Token") for request in transport.requests] == [
        None,
        None,
        "t1",
        "t1",
        None,
    ]
    assert transport.requests[2].headers["Prefect-Csrf-Client"] == asked.path.partition("=")[2]


def test_fetches_another_token_when_its_own_has_ended():
    transport = Scripted(NO_TOKEN, a_token("t1"), OK, OLD_TOKEN, a_token("t2"), OK)
    client = Client(transport)

    client.ask("POST", "/x", {})
    client.ask("POST", "/y", {})

    assert transport.requests[-1].headers["Prefect-Csrf-Token"] == "t2"


def test_asks_no_more_when_nobody_waits_for_the_answer():
    transport = Scripted(Response(503, b"", {"retry-after": "30"}))
    given_up = threading.Event()
    given_up.set()
    outcome = []

    def ask():
        pace.until_given_up(given_up)
        try:
            Client(transport).ask("GET", "/x", patience_seconds=60)
        except RunAbandoned as stop:
            outcome.append(stop)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(5)

    assert (len(outcome), len(transport.requests)) == (1, 1)


def test_gives_up_when_there_is_no_token():
    transport = Scripted(NO_TOKEN, Response(422, b'{"detail": "no"}'))

    with pytest.raises(ApiError, match="CSRF"):
        Client(transport).ask("POST", "/x", {})
