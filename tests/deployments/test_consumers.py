"""The worker channel, as a worker of the contract uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from deployments import consumers
from deployments.consumers import WorkerChannel
from deployments.models import Worker, WorkPool
from deployments.services.work_pools import create_work_pool, delete_work_pool, update_work_pool
from orchestrator.live.tail import tail
from orchestrator.web.threads import http_threads
from tests.live.socket_client import SocketClient

pytestmark = pytest.mark.django_db(transaction=True)

CAPABILITIES = ["worker_heartbeat.v1", "work_pool_snapshot.v1"]
CONSUMER = str(uuid4())


@pytest.fixture(autouse=True)
def companions() -> Iterator[None]:
    http_threads.start()
    yield
    tail.stop(5)
    http_threads.stop(5)


def frame(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "id": str(uuid4()), "sent_at": "2026-11-21T03:00:00Z", "payload": payload}


def hello(**changes: Any) -> dict[str, Any]:
    payload = {
        "consumer_id": CONSUMER,
        "worker_name": "w1",
        "worker_type": "process",
        "heartbeat_interval_seconds": 30,
        "supported_channel_versions": ["work_pool_worker_channel.v1"],
        "requested_capabilities": CAPABILITIES,
        **changes,
    }
    return frame("worker.hello.v1", **payload)


def heartbeat(**changes: Any) -> dict[str, Any]:
    payload = {"consumer_id": CONSUMER, "worker_name": "w1", "heartbeat_interval_seconds": 30, **changes}
    return frame("worker.heartbeat.v1", **payload)


def channel(pool: str = "blue", **options: Any) -> SocketClient:
    client = SocketClient(WorkerChannel.as_asgi(), **({"subprotocols": ("prefect",)} | options))
    client.scope["url_route"] = {"kwargs": {"pool_name": pool}}
    return client


async def greeted(client: SocketClient) -> SocketClient:
    await client.say({"type": "auth", "token": None})
    assert await client.hear() == {"type": "auth_success"}
    return client


async def ready(client: SocketClient, **changes: Any) -> Any:
    await greeted(client)
    await client.say(hello(**changes))
    return await client.hear()


async def elsewhere(function: Any, **arguments: Any) -> None:
    """In another thread, as another request would do it."""

    def call() -> None:
        function(**arguments)
        connection.close()

    await asyncio.to_thread(call)


@pytest.fixture
def blue() -> WorkPool:
    return create_work_pool(name="blue", type="process", base_job_template={"variables": {}})


def test_answers_a_hello_with_the_pool_as_it_is(blue):
    async def story() -> Any:
        async with channel() as client:
            return await ready(client)

    answer = asyncio.run(story())

    payload = answer["payload"]
    assert answer["type"] == "worker.ready.v1"
    assert payload["consumer_id"] == CONSUMER
    assert payload["accepted_capabilities"] == CAPABILITIES
    assert payload["effective_heartbeat_interval_seconds"] == 30
    assert [queue["name"] for queue in payload["resolved_work_queues"]] == ["default"]
    snapshot = payload["initial_snapshot"]
    assert (snapshot["snapshot_sequence"], snapshot["reason"]) == (1, "initial")
    assert snapshot["work_pool"]["id"] == str(blue.id)
    assert snapshot["work_pool"]["status"] == "READY"
    assert Worker.objects.get().status == Worker.Status.ONLINE


def test_offers_no_clean_up(blue):
    async def story() -> Any:
        async with channel() as client:
            return await ready(
                client,
                requested_capabilities=[*CAPABILITIES, "cleanup_delivery.v1"],
                handled_cleanup_kinds=["cancelling_timeout_teardown.v1"],
                max_cleanup_concurrency=1,
            )

    payload = asyncio.run(story())["payload"]

    assert payload["rejected_capabilities"] == ["cleanup_delivery.v1"]
    assert payload["effective_max_cleanup_concurrency"] == 0


def test_makes_the_pool_that_the_worker_asks_for():
    async def story() -> Any:
        async with channel("green") as client:
            return await ready(client, create_pool_if_not_found=True, default_base_job_template={"variables": {"a": 1}})

    snapshot = asyncio.run(story())["payload"]["initial_snapshot"]

    assert WorkPool.objects.get(name="green").type == "process"
    assert snapshot["work_pool"]["base_job_template"] == {"variables": {"a": 1}}


def test_gives_a_pool_without_a_template_that_of_the_worker():
    create_work_pool(name="blue", type="process")

    async def story() -> Any:
        async with channel() as client:
            return await ready(client, default_base_job_template={"variables": {"a": 1}})

    asyncio.run(story())

    assert WorkPool.objects.get(name="blue").base_job_template == {"variables": {"a": 1}}


def test_tells_what_changes_about_the_pool(blue):
    async def story() -> list[Any]:
        async with channel() as client:
            await ready(client)
            await elsewhere(update_work_pool, name="blue", changes={"concurrency_limit": 5})
            first = await client.hear()
            await elsewhere(update_work_pool, name="blue", changes={"is_paused": True})
            return [first, await client.hear()]

    first, second = asyncio.run(story())

    assert (first["type"], first["payload"]["reason"]) == ("work_pool.snapshot.v1", "work_pool_updated")
    assert first["payload"]["snapshot_sequence"] == 2
    assert first["payload"]["work_pool"]["concurrency_limit"] == 5
    assert second["payload"]["snapshot_sequence"] == 3
    assert second["payload"]["work_pool"]["is_paused"] is True


def test_says_nothing_of_other_pools(blue):
    create_work_pool(name="green", type="process")

    async def story() -> bool:
        async with channel() as client:
            await ready(client)
            await elsewhere(update_work_pool, name="green", changes={"concurrency_limit": 5})
            return await client.hears_nothing(0.4)

    assert asyncio.run(story())


def test_records_heartbeats(blue):
    async def story() -> bool:
        async with channel() as client:
            await ready(client)
            first = await asyncio.to_thread(last_heard)
            await client.say(heartbeat())
            for _ in range(100):
                if await asyncio.to_thread(last_heard) > first:
                    return True
                await asyncio.sleep(0.02)
            return False

    def last_heard() -> Any:
        try:
            return Worker.objects.get().last_heartbeat_time
        finally:
            connection.close()

    assert asyncio.run(story())


def test_notices_at_a_heartbeat_what_no_event_told(blue):
    def change_silently(**changes: Any) -> None:
        pool = WorkPool.objects.get(name="blue")
        pool.concurrency_limit = 7
        pool.save()

    async def story() -> Any:
        async with channel() as client:
            await ready(client)
            await elsewhere(change_silently)
            await client.say(heartbeat())
            return await client.hear()

    snapshot = asyncio.run(story())["payload"]

    assert (snapshot["reason"], snapshot["work_pool"]["concurrency_limit"]) == ("heartbeat_reconciliation", 7)


def closed(client: SocketClient, *frames: Any) -> tuple[int, str]:
    """The code and the reason with which the server closes after these frames."""

    async def story() -> Any:
        async with client:
            await greeted(client)
            for value in frames:
                await client.say(value)
            while True:
                message = await asyncio.wait_for(client._from_server.get(), 5)
                if message["type"] == "websocket.close":
                    return message["code"], message["reason"]

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("first", "code", "reason"),
    [
        ("no JSON", 1002, "protocol_error"),
        (heartbeat(), 1002, "protocol_error"),  # before the hello
        (hello(colour="red"), 1002, "protocol_error"),
        (hello(worker_name=""), 1002, "protocol_error"),
        (hello(requested_capabilities=["worker_heartbeat.v1"]), 1002, "protocol_error"),
        (hello(max_cleanup_concurrency=1), 1002, "protocol_error"),
        (hello(supported_channel_versions=["work_pool_worker_channel.v9"]), 1008, "unsupported_version"),
        (hello(work_queue_names=["nowhere"]), 1008, "authorization_failed"),
    ],
)
def test_closes_when_the_hello_cannot_be_served(blue, first, code, reason):
    assert closed(channel(), first) == (code, reason)


@pytest.mark.parametrize(
    ("pool", "may_create"), [("nowhere", False), ("prefect-pool", True)], ids=["unknown", "reserved"]
)
def test_closes_for_good_when_there_is_no_such_pool(pool, may_create):
    outcome = closed(channel(pool), hello(create_pool_if_not_found=may_create))

    assert outcome == (1008, "authorization_failed")


@pytest.mark.parametrize(
    "second",
    [
        "no JSON",
        hello(),
        heartbeat(worker_name="other"),
        heartbeat(consumer_id=str(uuid4())),
        frame("cleanup.ack.v1", message_id=str(uuid4()), reservation_token="t"),
    ],
)
def test_closes_when_a_worker_says_something_else_than_a_heartbeat(blue, second):
    assert closed(channel(), hello(), second) == (1002, "protocol_error")


def test_lets_a_worker_try_again_when_its_heartbeat_cannot_be_recorded(blue, monkeypatch):
    def fail(*arguments: Any) -> None:
        from django.db import OperationalError

        raise OperationalError("database is locked")

    monkeypatch.setattr(consumers, "record", fail)

    assert closed(channel(), hello(), heartbeat()) == (1011, "heartbeat_persistence_failed")


def test_closes_when_the_pool_is_deleted(blue):
    async def story() -> Any:
        async with channel() as client:
            await ready(client)
            await elsewhere(delete_work_pool, name="blue")
            return await client.hear()

    assert asyncio.run(story()) == 1008


@pytest.mark.parametrize("subprotocols", [(), ("other",)])
def test_asks_for_the_subprotocol_also_when_the_server_is_open(blue, subprotocols):
    async def story() -> bool:
        async with channel(subprotocols=subprotocols) as client:
            return client.accepted

    assert asyncio.run(story()) is False


def test_tells_a_worker_with_a_wrong_token_that_it_is_final(blue, settings):
    settings.API_AUTH, settings.API_AUTH_STRING = "required", "admin:pass"

    async def story() -> Any:
        async with channel() as client:
            await client.say({"type": "auth", "token": "wrong"})
            message = await asyncio.wait_for(client._from_server.get(), 5)
            return message["code"], message["reason"]

    assert asyncio.run(story()) == (1008, "authentication_failed")
