"""The socket of task workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.db import connection

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State, StateType
from runs.models import TaskSubscription
from runs.services.task_runs import TaskPlan, create_task_run
from runs.task_socket import ScheduledTaskRuns
from tests.live.conftest import companions  # noqa: F401  a fixture
from tests.live.socket_client import SocketClient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("companions")]
SUBSCRIBE = {"type": "subscribe", "keys": ["add", "mul"], "client_id": "host-1"}
ACK = {"type": "ack"}


def delay(*keys: str) -> list[str]:
    """The identifiers of new background task runs of these tasks."""
    state = State(StateType.SCHEDULED, details={"deferred": True})
    runs = [
        create_task_run(plan=TaskPlan(task_key=key, dynamic_key=str(uuid7()), state=state.with_(id=uuid7())))[0]
        for key in keys
    ]
    connection.close()
    return [str(run.pk) for run in runs]


def subscriptions() -> list[str]:
    found = [row.client_id for row in TaskSubscription.objects.all()]
    connection.close()
    return found


def tell(story: Callable[[SocketClient], Awaitable[Any]]) -> Any:
    async def connected() -> Any:
        async with SocketClient(ScheduledTaskRuns.as_asgi()) as client:
            return await story(client)

    return asyncio.run(connected())


async def until(subscribed: int) -> None:
    async with asyncio.timeout(5):
        while len(await asyncio.to_thread(subscriptions)) != subscribed:
            await asyncio.sleep(0.01)


def test_sends_bare_task_runs_one_after_the_other():
    first, second = delay("add", "add")

    async def story(client: SocketClient) -> None:
        await client.say(SUBSCRIBE)
        frame = await client.hear()
        assert (frame["id"], frame["task_key"], frame["state"]["state_details"]["deferred"]) == (first, "add", True)
        assert await client.hears_nothing()
        await client.say(ACK)
        assert (await client.hear())["id"] == second

    tell(story)


def test_sends_what_is_delayed_while_it_waits():
    async def story(client: SocketClient) -> None:
        await client.say(SUBSCRIBE)
        await until(subscribed=1)
        [later] = await asyncio.to_thread(delay, "mul")
        assert (await client.hear())["id"] == later

    tell(story)


def test_gives_every_key_its_turn():
    delay("add", "add", "mul")

    async def story(client: SocketClient) -> list[str]:
        await client.say(SUBSCRIBE)
        heard = []
        for _ in range(3):
            heard.append((await client.hear())["task_key"])
            await client.say(ACK)
        return heard

    assert tell(story) == ["add", "mul", "add"]


@pytest.mark.parametrize("end", [{"type": "quit"}, None], ids=["quits", "goes away"])
def test_sends_to_another_what_was_not_acknowledged(end):
    [run] = delay("add")

    async def first(client: SocketClient) -> None:
        await client.say(SUBSCRIBE)
        assert (await client.hear())["id"] == run
        if end:
            await client.say(end)
            assert await client.hear() == 1000

    async def second(client: SocketClient) -> str:
        await client.say(SUBSCRIBE)
        return (await client.hear())["id"]

    tell(first)
    assert tell(second) == run


def test_forgets_a_worker_that_goes_away():
    async def story(client: SocketClient) -> None:
        await client.say(SUBSCRIBE)
        await until(subscribed=1)

    tell(story)

    assert subscriptions() == []


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "hello"},
        {"type": "subscribe", "client_id": "host-1"},
        {"type": "subscribe", "keys": [], "client_id": "host-1"},
        {"type": "subscribe", "keys": ["add"]},
    ],
    ids=["another frame", "no keys", "empty keys", "no client"],
)
def test_closes_with_4001_when_it_is_not_asked_properly(frame):
    async def story(client: SocketClient) -> Any:
        await client.say(frame)
        return await client.hear()

    assert tell(story) == 4001


def test_closes_with_4001_when_something_else_than_an_acknowledgement_comes():
    delay("add")

    async def story(client: SocketClient) -> Any:
        await client.say(SUBSCRIBE)
        await client.hear()
        await client.say({"type": "nack"})
        return await client.hear()

    assert tell(story) == 4001
