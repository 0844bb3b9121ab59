from __future__ import annotations

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import orchestrator
from orchestrator import (
    AppriseNotificationBlock,
    Block,
    BlockError,
    DiscordWebhook,
    MattermostWebhook,
    MicrosoftTeamsWebhook,
    NotificationBlock,
    NotificationError,
    OpsgenieWebhook,
    PagerDutyWebHook,
    SendgridEmail,
    SlackWebhook,
    TwilioSMS,
    flow,
)
from orchestrator.sdk.api.client import Client, use_client
from tests.in_process import quiet_client
from tests.sdk.blocks.receiver import Receiver, receiving

DATA = Path(orchestrator.__file__).parent / "store" / "data" / "system_blocks.json"
TYPES = {
    each.get_block_type_slug(): each
    for each in (
        SlackWebhook,
        MicrosoftTeamsWebhook,
        DiscordWebhook,
        MattermostWebhook,
        PagerDutyWebHook,
        OpsgenieWebhook,
        TwilioSMS,
        SendgridEmail,
        orchestrator.CustomWebhookNotificationBlock,
        orchestrator.Webhook,
    )
}
TEAMS = (
    "https://prod-1.eu.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu-6Rj8aUKz7108W3wrNJZxFE5A"
)
SERVICES = [
    (SlackWebhook(url="https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"), "slack.com"),
    (SlackWebhook(url="https://hooks.slack-gov.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrI"), "slack-gov.com"),
    (MicrosoftTeamsWebhook(url=TEAMS), "logic.azure.com"),
    (DiscordWebhook(webhook_id="1" * 24, webhook_token="t" * 64), "discord.com"),
    (PagerDutyWebHook(integration_key="k" * 32, api_key="a" * 20, clickable_url="https://h/x"), "pagerduty.com"),
    (OpsgenieWebhook(apikey="a" * 36, target_user=["me"], tags=["x"]), "opsgenie.com"),
    (
        TwilioSMS(
            account_sid="AC" + "a" * 32,
            auth_token="b" * 32,
            from_phone_number="18001234567",
            to_phone_numbers=["18004242424"],
        ),
        "twilio.com",
    ),
    (SendgridEmail(api_key="SG.abc", sender_email="a@example.org", to_emails=["b@example.org"]), "sendgrid.com"),
]


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def server(db: None) -> Iterator[Client]:
    with use_client(quiet_client()) as used:
        assert used is not None
        yield used


@pytest.fixture
def asked(monkeypatch) -> list[Any]:
    """What apprise would ask the world; nothing leaves this process."""
    import requests

    sent: list[Any] = []

    def send(adapter: Any, request: Any, **_: Any) -> Any:
        sent.append(request)
        answer = requests.Response()
        answer.status_code, answer._content = 200, b"ok" if "slack" in request.url else b'{"requestId": "1"}'
        answer.request, answer.url = request, request.url
        return answer

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)
    return sent


def shape_of(fields: dict[str, Any]) -> dict[str, Any]:
    """What two clients must agree on: names, order, kinds, defaults, what is needed and what is secret."""
    properties = {
        name: {key: value for key, value in told.items() if key not in ("description", "examples")}
        for name, told in fields["properties"].items()
    }
    return {key: fields.get(key) for key in ("required", "secret_fields", "block_type_slug", "title")} | properties


@pytest.mark.parametrize("slug", sorted(TYPES))
def test_has_the_fields_that_other_clients_know(slug):
    (published,) = [one for one in json.loads(DATA.read_text())["block_schemas"] if one["block_type"] == slug]

    assert shape_of(TYPES[slug].model_json_schema()) == shape_of(published["fields"])
    assert TYPES[slug].published_checksum() == published["checksum"]
    assert sorted(TYPES[slug].get_block_capabilities()) == published["capabilities"]


@pytest.mark.parametrize("slug", sorted(TYPES))
def test_has_the_name_of_its_type(slug):
    (published,) = [one for one in json.loads(DATA.read_text())["block_types"] if one["slug"] == slug]

    assert TYPES[slug].get_block_type_name() == published["name"]


def test_loads_what_another_client_made(server, there):
    kind = server.ask("GET", "/block_types/slug/slack-webhook")
    schema = server.ask("GET", f"/block_schemas/checksum/{SlackWebhook.published_checksum()}")
    url = f"json://127.0.0.1:{there.port}/hook"
    server.ask(
        "POST",
        "/block_documents/",
        {
            "name": "ops",
            "data": {"url": url, "notify_type": "warning", "allow_private_urls": True},
            "block_schema_id": schema["id"],
            "block_type_id": kind["id"],
            "is_anonymous": False,
        },
    )

    loaded = Block.load("slack-webhook/ops")
    assert isinstance(loaded, SlackWebhook)
    loaded.notify("it ended", subject="Run")

    told = json.loads(there.received[0].body)
    assert (told["title"], told["message"], told["type"]) == ("Run", "it ended", "warning")


def test_is_saved_under_the_schema_of_other_clients(server):
    TwilioSMS(account_sid="AC1", auth_token="t", from_phone_number="1", to_phone_numbers=["2"]).save("sms")

    kept = server.ask("GET", "/block_types/slug/twilio-sms/block_documents/name/sms")

    assert kept["block_schema"]["checksum"] == TwilioSMS.published_checksum()
    assert set(kept["data"]["auth_token"]) == {"*"}


def test_sends_to_a_server_of_ones_own(there):
    MattermostWebhook(hostname="127.0.0.1", port=there.port, token="t" * 24, botname="bot").notify("it ended")

    (one,) = there.received
    assert one.path == f"/hooks/{'t' * 24}"
    assert json.loads(one.body)["username"] == "bot"


@pytest.mark.parametrize(("block", "host"), SERVICES, ids=lambda each: type(each).__name__)
def test_asks_the_service(asked, block, host):
    with block.raise_on_failure():
        block.notify("it ended", subject="Run")

    assert host in asked[0].url
    assert "it ended" in (asked[0].body if isinstance(asked[0].body, str) else asked[0].body.decode()).replace("+", " ")


def test_puts_the_body_into_the_details_of_pagerduty(asked):
    block = PagerDutyWebHook(integration_key="k" * 32, api_key="a" * 20, custom_details={"disk": "1 %"})

    block.notify("it ended", subject="Run")
    block.notify("again", subject="Other")

    first, second = (json.loads(each.body)["payload"] for each in asked)
    assert (first["summary"].strip(), first["custom_details"]["Notification Body"]) == ("Run", "it ended")
    assert (second["custom_details"]["disk"], second["custom_details"]["Notification Body"]) == ("1 %", "again")
    assert block.custom_details == {"disk": "1 %"}


def test_can_be_awaited_in_an_async_flow(there):
    block = SlackWebhook(url=f"json://127.0.0.1:{there.port}")

    @flow
    async def telling():
        await block.notify("one")
        await block.anotify("two")

    with use_client(None):
        asyncio.run(telling())

    assert [json.loads(one.body)["message"] for one in there.received] == ["one", "two"]


def test_is_a_hook_of_a_flow(there):
    def tell(flow, flow_run, state):
        SlackWebhook(url=f"json://127.0.0.1:{there.port}").notify(f"{flow.name} is {state.name}")

    @flow(on_failure=[tell])
    def nightly():
        raise ValueError("no")

    with use_client(None):
        nightly(return_state=True)

    assert json.loads(there.received[0].body)["message"] == "nightly is Failed"


def test_only_logs_what_could_not_be_sent(there, monkeypatch):
    there.status = 500
    logged = []
    monkeypatch.setattr("orchestrator.sdk.blocks.abstract.logger_of_run", lambda: logging.getLogger("test"))
    monkeypatch.setattr(logging.getLogger("test"), "warning", logged.append)

    SlackWebhook(url=f"json://127.0.0.1:{there.port}").notify("it ended")

    assert len(there.received) == 1
    assert "Slack Webhook notification was not sent" in logged[0]
    assert "500" in logged[0]


def test_raises_for_the_block_that_was_asked_alone(there, monkeypatch):
    there.status = 500
    logged = []
    monkeypatch.setattr("orchestrator.sdk.blocks.abstract.logger_of_run", lambda: logging.getLogger("test"))
    monkeypatch.setattr(logging.getLogger("test"), "warning", logged.append)
    block = SlackWebhook(url=f"json://127.0.0.1:{there.port}")

    with block.raise_on_failure():
        SlackWebhook(url=f"json://127.0.0.1:{there.port}").notify("it ended")

    assert len(logged) == 1


def test_raises_until_the_last_who_asked_has_left(there):
    there.status = 500
    block = SlackWebhook(url=f"json://127.0.0.1:{there.port}")

    first, second = block.raise_on_failure(), block.raise_on_failure()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with pytest.raises(NotificationError):
        block.notify("it ended")
    second.__exit__(None, None, None)

    block.notify("it ended")


def test_raises_in_the_threads_that_were_asked_to_send(there):
    there.status = 500
    block = SlackWebhook(url=f"json://127.0.0.1:{there.port}")

    with block.raise_on_failure(), ThreadPoolExecutor() as pool:
        raised = pool.submit(block.notify, "it ended").exception()

    assert isinstance(raised, NotificationError)


def test_asks_for_raising_around_the_items_of_a_flow(there):
    block = SlackWebhook(url=f"json://127.0.0.1:{there.port}")

    @flow(timeout_seconds=30)
    def gives():
        with block.raise_on_failure():
            yield 1
            yield 2

    @flow
    async def gives_async():
        with block.raise_on_failure():
            yield 1
            yield 2

    async def each_in_a_task_of_its_own():
        items = gives_async()
        return [await asyncio.create_task(anext(items, None)) for _ in range(3)]

    with use_client(None):
        assert list(gives()) == [1, 2]
        assert asyncio.run(each_in_a_task_of_its_own()) == [1, 2, None]


def test_raises_what_could_not_be_sent_where_asked(there):
    there.status = 500
    block = SlackWebhook(url=f"json://127.0.0.1:{there.port}")

    with block.raise_on_failure(), pytest.raises(NotificationError, match="500") as raised:
        block.notify("it ended")
    assert "500" in raised.value.log
    block.notify("it ended")


@pytest.mark.parametrize(
    "block",
    [
        SlackWebhook(url="nonsense"),
        MicrosoftTeamsWebhook(url="https://example.org"),
        DiscordWebhook(webhook_id=" ", webhook_token=" "),
    ],
    ids=lambda each: type(each).__name__,
)
def test_says_what_cannot_be_an_address(block, asked):
    block.notify("it ended")

    with block.raise_on_failure(), pytest.raises(NotificationError):
        block.notify("it ended")
    assert asked == []


def test_refuses_private_addresses_where_asked(there):
    block = SlackWebhook(url=f"{there.url}/services/x", allow_private_urls=False)

    with block.raise_on_failure(), pytest.raises(NotificationError):
        block.notify("it ended")
    assert there.received == []


def test_is_the_base_of_blocks_of_authors(there):
    class Rocket(AppriseNotificationBlock):
        pass

    class Started(AppriseNotificationBlock):
        def block_initialization(self) -> None:
            self._start_apprise_client(SecretStr(f"json://127.0.0.1:{there.port}/{self.url.get_secret_value()}"))

    class Paper(NotificationBlock):
        def notify(self, body: str, subject: str | None = None) -> None:
            there.received.append(body)

    Rocket(url=f"json://127.0.0.1:{there.port}/rocket").notify("one")
    Started(url="started").notify("two")
    Paper().notify("three")

    assert [getattr(each, "path", each) for each in there.received] == ["/rocket", "/started", "three"]
    with pytest.raises(TypeError, match="abstract"):
        NotificationBlock()
    with pytest.raises(BlockError, match="base of blocks"):
        AppriseNotificationBlock._register(None)


@pytest.mark.parametrize(
    "block",
    [
        SlackWebhook(url="https://hooks.slack.com/services/s3cret1/s3cret2"),
        SlackWebhook(url="nosuch://s3cret@host/s3cret"),
        SendgridEmail(api_key="s3cret !", sender_email="a@b.c", to_emails=["a@b.c"]),
    ],
)
def test_tells_nobody_the_secrets_that_a_service_cannot_have(block):
    with block.raise_on_failure(), pytest.raises(NotificationError, match=r"\*\*\*") as raised:
        block.notify("it ended")
    assert "s3cret" not in "".join(traceback.format_exception(raised.value))


def test_tells_nobody_the_address_that_an_author_starts_with():
    class Nowhere(AppriseNotificationBlock):
        def block_initialization(self) -> None:
            self._start_apprise_client(self.url)

    url = "nosuch://host/" + "s3c" + "ret"
    with pytest.raises(ValueError, match=r"\*\*\*") as raised:
        Nowhere(url=url)
    assert "s3cret" not in "".join(traceback.format_exception(raised.value))


def test_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(ImportError, match=r"orchestrator\[notifications\]"):
        SlackWebhook(url="https://hooks.slack.com/services/A/B/C").notify("it ended")
