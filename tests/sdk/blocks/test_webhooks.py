from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from orchestrator import Block, BlockError, CustomWebhookNotificationBlock, Webhook, WebRequestError, flow
from orchestrator.sdk.api.client import Client, use_client
from orchestrator.sdk.blocks import web_requests
from tests.in_process import quiet_client
from tests.sdk.blocks.receiver import Receiver, receiving


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def server(db: None) -> Iterator[Client]:
    with use_client(quiet_client()) as used:
        assert used is not None
        yield used


def test_sends_a_payload_as_json(there):
    answer = Webhook(url=f"{there.url}/hook?a=1", headers={"X-Token": "t"}).call({"text": "ü"})

    (one,) = there.received
    assert (one.method, one.path, one.headers["x-token"]) == ("POST", "/hook?a=1", "t")
    assert (one.headers["content-type"], json.loads(one.body)) == ("application/json", {"text": "ü"})
    assert (answer.status_code, answer.json(), answer.text) == (200, {"took": "ü"}, '{"took": "ü"}')
    assert answer.raise_for_status() is answer


def test_sends_a_text_as_it_is(there):
    Webhook(url=there.url, method="PUT", headers={"content-type": "text/csv"}).call("a;b")

    (one,) = there.received
    assert (one.method, one.headers["content-type"], one.body) == ("PUT", "text/csv", b"a;b")


def test_sends_nothing_where_there_is_nothing(there):
    Webhook(url=there.url, method="GET").call()

    assert (there.received[0].method, there.received[0].body) == ("GET", b"")


def test_can_be_awaited(there):
    async def call():
        webhook = Webhook(url=there.url)
        return await webhook.call({"a": 1}), await webhook.acall()

    first, second = asyncio.run(call())

    assert (first.status_code, second.status_code) == (200, 200)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_gives_every_answer_back(there, status):
    there.status = status

    answer = Webhook(url=there.url).call()

    assert (answer.status_code, answer.is_success) == (status, False)
    assert len(there.received) == 1
    with pytest.raises(WebRequestError, match=f"127.0.0.1:{there.port} answered {status}"):
        answer.raise_for_status()


def test_refuses_private_addresses_where_asked(there):
    for url in (there.url, f"http://localhost:{there.port}", "http://[::1]:1", "http://[::ffff:127.0.0.1]:1"):
        with pytest.raises(WebRequestError, match="private address"):
            Webhook(url=url, allow_private_urls=False).call()
    assert there.received == []


def test_looks_at_the_address_again_when_it_connects(there, monkeypatch):
    from orchestrator.sdk.blocks import web_requests

    monkeypatch.setattr(web_requests, "_is_public", lambda address: True)

    assert Webhook(url=there.url, allow_private_urls=False).call().is_success


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/x", "h/secret", "http://", "http://h:99999/secret", ""])
def test_refuses_what_is_no_address_of_the_web(url):
    with pytest.raises(WebRequestError, match="none of the web") as refused:
        Webhook(url=url).call()
    assert "secret" not in str(refused.value)


def test_tells_nobody_the_address_when_nobody_answers():
    with receiving() as gone:
        pass

    with pytest.raises(WebRequestError, match=f"127.0.0.1:{gone.port} cannot be reached") as refused:
        Webhook(url=f"{gone.url}/secret").call()
    assert "secret" not in str(refused.value)


def test_refuses_a_header_of_several_lines(there):
    with pytest.raises(WebRequestError, match="not allowed"):
        Webhook(url=there.url, headers={"X": "a\r\nY: b"}).call()


def test_is_kept_with_its_secrets_hidden(server, there):
    Webhook(url=f"{there.url}/token", headers={"Authorization": "Bearer t"}).save("deploy")

    loaded = Block.load("webhook/deploy")
    loaded.call({"a": 1})

    assert there.received[0].headers["authorization"] == "Bearer t"
    shown = server.ask("GET", "/block_types/slug/webhook/block_documents/name/deploy")["data"]
    assert "token" not in json.dumps(shown)
    assert "Bearer" not in json.dumps(shown)


def custom(there: Receiver, **more) -> CustomWebhookNotificationBlock:
    return CustomWebhookNotificationBlock(**{"name": "ops", "url": f"{there.url}/{{{{ name }}}}", **more})


def test_fills_a_message_into_json(there):
    block = custom(
        there,
        json_data={"title": "{{subject}}", "lines": ["{{body}} from {{name}}"], "key": "{{token}}"},
        headers={"Authorization": "Bearer {{token}}"},
        cookies={"c": "{{token}}", "d": "2"},
        params={"q": "{{body}} &"},
        secrets={"token": "t0p"},
    )

    block.notify("it ended", subject="Run")

    (one,) = there.received
    assert one.path == "/ops?q=it+ended+%26"
    assert json.loads(one.body) == {"title": "Run", "lines": ["it ended from ops"], "key": "t0p"}
    assert (one.headers["authorization"], one.headers["cookie"]) == ("Bearer t0p", "c=t0p; d=2")


def test_sends_a_form(there):
    custom(there, form_data={"text": "{{subject}}: {{body}}"}).notify("a b")
    custom(there, form_data="raw {{body}}", method="PUT").notify("a b")

    form, raw = there.received
    assert (form.headers["content-type"], form.body) == ("application/x-www-form-urlencoded", b"text=null%3A+a+b")
    assert (raw.method, raw.body) == ("PUT", b"raw a b")


def test_raises_when_a_message_was_not_taken(there):
    there.status = 500

    with pytest.raises(WebRequestError, match="answered 500"):
        custom(there, json_data={"a": "{{body}}"}).notify("x")


def test_can_be_awaited_in_an_async_flow(there):
    @flow
    async def telling():
        await custom(there, json_data={"a": "{{body}}"}).notify("x")
        await custom(there, json_data={"a": "{{body}}"}).anotify("y")

    with use_client(None):
        asyncio.run(telling())

    assert [json.loads(one.body)["a"] for one in there.received] == ["x", "y"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"json_data": {}, "form_data": {}}, "two payloads"),
        ({"json_data": {"a": ["{{tokn}}"]}, "secrets": {"token": "x"}}, r"json_data has \{\{tokn\}\}"),
        ({"headers": {"{{who}}": "a"}}, r"headers has \{\{who\}\}"),
    ],
)
def test_refuses_templates_that_cannot_be_filled(there, given, told):
    with pytest.raises((BlockError, ValidationError), match=told):
        custom(there, **given)


def test_is_loaded_as_it_was_saved(server, there):
    custom(there, json_data={"a": "{{token}}"}, secrets={"token": "t0p"}).save("ops")

    CustomWebhookNotificationBlock.load("ops").notify("x")

    assert json.loads(there.received[0].body) == {"a": "t0p"}


@pytest.mark.parametrize("message", ["all is well", "line\nline", "ü"])
def test_tells_nobody_an_address_that_cannot_be_asked(there, message):
    block = custom(there, url=f"{there.url}/{{{{token}}}}/{{{{body}}}}", secrets={"token": "t0p"})

    with pytest.raises(WebRequestError, match="a character that is not allowed") as refused:
        block.notify(message)
    assert "t0p" not in "".join(traceback.format_exception(refused.value))
    assert there.received == []


def test_takes_no_answer_without_end(there, monkeypatch):
    monkeypatch.setattr(web_requests, "_LARGEST_ANSWER_BYTES", 5)

    with pytest.raises(WebRequestError, match=f"127.0.0.1:{there.port} answered with more than 5 bytes"):
        Webhook(url=there.url).call()


def test_waits_for_no_answer_that_drips(there, monkeypatch):
    times = iter([0.0, 60.1])
    monkeypatch.setattr(web_requests, "time", SimpleNamespace(monotonic=lambda: next(times)))

    with pytest.raises(WebRequestError, match="not done in time"):
        Webhook(url=there.url).call()


def test_takes_no_part_of_an_answer_for_the_whole(there):
    there.promised_bytes = 100

    with pytest.raises(WebRequestError, match="IncompleteRead"):
        Webhook(url=there.url).call()
