"""The socket of task workers that hold what they execute."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import connection

from runs.models import QueuedTaskRun, TaskRun
from runs.task_socket import ScheduledTaskRuns
from tests.live.conftest import companions  # noqa: F401  a fixture
from tests.live.socket_client import SocketClient
from tests.runs.test_task_socket import delay, subscriptions, tell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("companions")]
SUBSCRIBE = {"type": "subscribe", "keys": ["add"], "client_id": "host-1", "slots": 2}


def queued() -> list[str]:
    found = [str(row.task_run_id) for row in QueuedTaskRun.objects.order_by("id")]
    connection.close()
    return found


def begin(run_id: str) -> None:
    TaskRun.objects.filter(pk=run_id).update(state_type="RUNNING", state_name="Running", run_count=1)
    connection.close()


async def queue_is(*expected: str) -> None:
    async with asyncio.timeout(5):
        while await asyncio.to_thread(queued) != list(expected):
            await asyncio.sleep(0.01)


async def subscribed(client: SocketClient, **more: Any) -> dict[str, Any]:
    await client.say({**SUBSCRIBE, **more})
    frame = await client.hear()
    assert frame["type"] == "subscribed"
    return frame


def test_says_that_it_understood():
    async def story(client: SocketClient) -> None:
        frame = await subscribed(client)
        assert frame["holds"] == []
        assert frame["lease_seconds"] > 0

    tell(story)


def test_sends_as_many_as_there_are_slots():
    first, second, third = delay("add", "add", "add")

    async def story(client: SocketClient) -> None:
        await subscribed(client)
        assert [(await client.hear())["id"], (await client.hear())["id"]] == [first, second]
        assert await client.hears_nothing()
        await client.say({"type": "ack", "task_run_id": second})
        assert (await client.hear())["id"] == third
        await queue_is(first, third)

    tell(story)


def test_sends_nothing_to_a_worker_that_takes_its_slots_back():
    [first] = delay("add")

    async def story(client: SocketClient) -> None:
        await subscribed(client)
        await client.hear()
        await client.say({"type": "slots", "slots": 0})
        await client.say({"type": "ack", "task_run_id": first})
        await queue_is()
        [second] = await asyncio.to_thread(delay, "add")
        assert await client.hears_nothing()
        await client.say({"type": "slots", "slots": 1})
        assert (await client.hear())["id"] == second

    tell(story)


def test_keeps_what_is_held_for_a_worker_that_comes_back():
    [run] = delay("add")

    async def first(client: SocketClient) -> str:
        frame = await subscribed(client)
        assert (await client.hear())["id"] == run
        return frame["id"]

    async def again(client: SocketClient) -> None:
        frame = await subscribed(client, resumes=subscription, executing=[run])
        assert (frame["id"], frame["holds"]) == (subscription, [run])
        assert await client.hears_nothing()
        await client.say({"type": "ack", "task_run_id": run})
        await queue_is()

    subscription = tell(first)
    begin(run)
    tell(again)


def test_gives_what_is_held_to_others_when_the_worker_quits():
    [run] = delay("add")

    async def first(client: SocketClient) -> None:
        await subscribed(client)
        assert (await client.hear())["id"] == run
        await asyncio.to_thread(begin, run)
        await client.say({"type": "quit"})
        assert await client.hear() == 1000

    async def second(client: SocketClient) -> None:
        await subscribed(client)
        frame = await client.hear()
        assert (frame["id"], frame["state_name"]) == (run, "AwaitingRetry")

    tell(first)
    assert subscriptions() == []
    tell(second)


@pytest.mark.parametrize(
    "frame", [{"type": "ack"}, {"type": "ack", "task_run_id": "x"}, {"type": "nack"}, {"type": "slots", "slots": -1}]
)
def test_closes_with_4001_when_it_is_told_something_else(frame):
    async def story(client: SocketClient) -> Any:
        await subscribed(client)
        await client.say(frame)
        return await client.hear()

    assert tell(story) == 4001


@pytest.mark.parametrize("slots", [0, -1, 1.5, "2", True, 100_000])
def test_closes_with_4001_for_slots_that_are_no_number(slots):
    async def story(client: SocketClient) -> Any:
        await client.say({**SUBSCRIBE, "slots": slots})
        return await client.hear()

    assert tell(story) == 4001


def test_sends_what_comes_later_to_the_worker_and_not_into_its_broken_connection():
    async def story(before: SocketClient) -> None:
        frame = await subscribed(before)
        async with SocketClient(ScheduledTaskRuns.as_asgi()) as after:
            await subscribed(after, resumes=frame["id"], executing=[])
            [run] = await asyncio.to_thread(delay, "add")
            assert (await after.hear())["id"] == run
            assert await before.hears_nothing()

    tell(story)
