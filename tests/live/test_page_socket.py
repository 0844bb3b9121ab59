from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from orchestrator.contract.times import now
from orchestrator.events.ingest import ingest
from orchestrator.live import missed
from orchestrator.live.hub import current_hub
from orchestrator.live.log_stream import lines_wanted, publish_lines
from orchestrator.live.page_socket import PageSocket
from runs.models import Log
from runs.services.logs import write_logs
from tests.events.making import an_event
from tests.live.socket_client import SocketClient
from tests.live.test_consumers import ingest_and_close

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("companions")]

RUN = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"


def test_tells_a_page_of_what_it_shows() -> None:
    async def story() -> Any:
        async with SocketClient(PageSocket.as_asgi()) as client:
            await client.say({"type": "subscribe", "topics": ["runs", f"run:{RUN}"]})
            subscribed = await client.hear()
            assert subscribed | {"at": 0} == {
                "type": "subscribed",
                "topics": [f"run:{RUN}", "runs"],
                "missed": None,
                "at": 0,
            }
            event = an_event("prefect.flow-run.Running", f"prefect.flow-run.{RUN}")
            await asyncio.to_thread(ingest_and_close, [event])
            return await client.hear()

    told = asyncio.run(story())

    assert told | {"at": 0} == {"type": "changed", "topics": [f"run:{RUN}", "runs"], "at": 0}


def test_tells_a_page_when_it_was_told() -> None:
    """So that no process gives it what was made before."""

    async def story() -> list[float]:
        times = [now().timestamp()]
        async with SocketClient(PageSocket.as_asgi()) as client:
            await client.say({"type": "subscribe", "topics": ["runs"]})
            times.append((await client.hear())["at"])
            await asyncio.to_thread(ingest_and_close, [an_event("prefect.flow-run.Running", f"prefect.flow-run.{RUN}")])
            times.append(now().timestamp())
            times.append((await client.hear())["at"])
        return times

    before, subscribed, committed, changed = asyncio.run(story())

    assert before <= subscribed <= changed
    assert committed - 1 <= changed <= now().timestamp()


@pytest.mark.parametrize(
    ("seconds_ago", "missed"),
    [(0, ["runs"]), (-3600, []), (10**15, None)],
    ids=["since it was made", "before it was made", "nobody can tell"],
)
def test_tells_a_page_what_changed_since_it_was_made(seconds_ago: int, missed: list[str] | None) -> None:
    async def story() -> Any:
        event = an_event("prefect.flow-run.Running", f"prefect.flow-run.{RUN}")
        await asyncio.to_thread(ingest_and_close, [event])
        async with SocketClient(PageSocket.as_asgi()) as client:
            made = now().timestamp() - seconds_ago
            await client.say({"type": "subscribe", "topics": ["runs", "pools"], "made": made})
            return await client.hear()

    assert asyncio.run(story())["missed"] == missed


def test_lets_a_page_fetch_everything_after_too_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed, "MOST_EVENTS", 3)
    events = [an_event("prefect.flow-run.Running", f"prefect.flow-run.{RUN}") for _ in range(3)]
    ingest(events)

    assert missed.topics_since(now().timestamp(), frozenset({"runs"})) is None


@pytest.mark.parametrize("owner", ["flow_run_id", "task_run_id"])
@pytest.mark.parametrize(("seconds_later", "logs"), [(0, {f"logs:{RUN}"}), (60, set())])
def test_tells_whether_log_lines_came_since_a_page_was_made(owner: str, seconds_later: int, logs: set[str]) -> None:
    write_logs(lines=[Log(name="flow", level=20, message="hello", timestamp=now(), **{owner: UUID(RUN)})])

    made = now().timestamp() + seconds_later

    assert missed.topics_since(made, frozenset({"runs", f"logs:{RUN}", f"logs:{OTHER}"})) == logs


def test_passes_over_lines_that_came_too_late_for_a_page_to_add() -> None:
    at = now()
    write_logs(lines=[Log(name="flow", level=20, message="one", timestamp=at, flow_run_id=UUID(RUN))])
    Log.objects.update(created=at - timedelta(minutes=5))
    late = at - timedelta(minutes=2)
    write_logs(lines=[Log(name="flow", level=20, message="late", timestamp=late, flow_run_id=UUID(RUN))])

    assert missed.topics_since(at.timestamp(), frozenset({f"logs:{RUN}"})) == set()


def test_looks_for_the_lines_of_a_few_logs_only(django_assert_num_queries: Any) -> None:
    topics = frozenset(f"logs:{number}" for number in range(missed.MOST_LOGS + 1))

    with django_assert_num_queries(1):
        assert missed.topics_since(now().timestamp(), topics) == topics


def test_tells_a_page_of_new_log_lines() -> None:
    async def story() -> Any:
        async with SocketClient(PageSocket.as_asgi()) as client:
            await client.say({"type": "subscribe", "topics": [f"logs:{RUN}"]})
            await client.hear()
            assert lines_wanted()
            await asyncio.to_thread(publish_lines, [{"flow_run_id": RUN, "message": "hello"}])
            return await client.hear()

    assert asyncio.run(story())["topics"] == [f"logs:{RUN}"]


def test_says_nothing_of_topics_that_were_left() -> None:
    async def story() -> bool:
        async with SocketClient(PageSocket.as_asgi()) as client:
            await client.say({"type": "subscribe", "topics": [f"logs:{RUN}"]})
            await client.hear()
            await client.say({"type": "subscribe", "topics": []})
            await client.hear()
            await asyncio.to_thread(publish_lines, [{"flow_run_id": RUN, "message": "hello"}])
            return await client.hears_nothing()

    assert asyncio.run(story())


@pytest.mark.parametrize(
    "frame",
    [
        "no JSON",
        {"type": "subscribe"},
        {"type": "subscribe", "topics": ["everything"]},
        {"type": "subscribe", "topics": ["runs"] * 51},
        {"type": "subscribe", "topics": ["runs"], "made": "yesterday"},
        {"type": "subscribe", "topics": ["runs"], "made": True},
        {"type": "hello"},
    ],
)
def test_closes_with_1002_when_the_subscription_is_bad(frame: Any) -> None:
    async def story() -> Any:
        async with SocketClient(PageSocket.as_asgi()) as client:
            await client.say(frame)
            return await client.hear()

    assert asyncio.run(story()) == 1002


def test_listens_to_nothing_when_no_page_is_open() -> None:
    async def story() -> tuple[bool, bool]:
        async with SocketClient(PageSocket.as_asgi()) as client:
            await client.say({"type": "subscribe", "topics": ["runs"]})
            await client.hear()
        return current_hub()._following, current_hub().wants_lines

    assert asyncio.run(story()) == (False, False)


async def is_admitted(**headers: str) -> bool:
    async with SocketClient(PageSocket.as_asgi(), headers=headers) as client:
        return client.accepted


def test_admits_to_a_locked_server_only_who_is_known(settings: Any) -> None:
    settings.API_AUTH = "required"
    settings.API_AUTH_STRING = "admin:pass"
    user = get_user_model().objects.create_user("ada")
    browser = Client()
    browser.force_login(user)
    session = f"sessionid={browser.cookies['sessionid'].value}"

    assert asyncio.run(is_admitted()) is False
    assert asyncio.run(is_admitted(cookie="sessionid=forged")) is False
    assert asyncio.run(is_admitted(cookie=session)) is True
    assert asyncio.run(is_admitted(authorization="Basic YWRtaW46cGFzcw==")) is True
    assert asyncio.run(is_admitted(cookie=session, origin="http://evil.example")) is False
