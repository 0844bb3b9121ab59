from __future__ import annotations

import asyncio

import pytest

from orchestrator import SlotsTimeout, arate_limit, flow, rate_limit, task
from orchestrator.sdk.api.client import current_client
from tests.sdk.fake_store import FakeStore

PATH = "/v2/concurrency_limits/increment"


def test_rate_limits(store: FakeStore) -> None:
    store.limits["calls"] = 5

    rate_limit("calls", occupy=2)

    assert store.bodies("/v2/concurrency_limits/increment") == [{"names": ["calls"], "slots": 2, "mode": "rate_limit"}]
    client = current_client()
    assert client is not None
    assert client.delivery.flush(30)
    assert len(store.events_named("prefect.concurrency-limit.acquired")) == 1


def test_rate_limits_in_async_code(store: FakeStore) -> None:
    store.limits["calls"] = 5

    @flow
    async def calling() -> None:
        await rate_limit("calls")
        await arate_limit("calls")

    asyncio.run(calling())

    assert len(store.bodies("/v2/concurrency_limits/increment")) == 2


def test_gives_up_a_rate_limit_at_the_time_limit(store: FakeStore) -> None:
    store.limits["calls"] = 0

    with pytest.raises(SlotsTimeout):
        rate_limit("calls", timeout_seconds=0.03)

    assert store.denials > 1


def test_takes_slots_in_a_sync_helper_of_an_async_flow(store: FakeStore) -> None:
    store.limits["calls"] = 10

    def helper() -> None:
        rate_limit("calls")

    @task
    async def ask() -> None:
        helper()

    @flow
    async def main() -> None:
        helper()
        await ask()

    asyncio.run(main())

    assert len(store.bodies(PATH)) == 2


def test_blocks_everywhere_when_told_to(store: FakeStore) -> None:
    store.limits["calls"] = 10

    @flow
    async def main() -> None:
        rate_limit.sync("calls")

    asyncio.run(main())

    assert len(store.bodies(PATH)) == 1


def test_is_awaited_together_with_others(store: FakeStore) -> None:
    store.limits["calls"] = 10

    @flow
    async def main() -> None:
        await asyncio.gather(*(rate_limit("calls") for _ in range(2)))  # type: ignore[func-returns-value, arg-type]
        await asyncio.create_task(rate_limit("calls"))  # type: ignore[func-returns-value, arg-type]

    asyncio.run(main())

    assert len(store.bodies(PATH)) == 3


def test_is_named_in_the_warning_when_nobody_awaits_it(store: FakeStore) -> None:
    async def main() -> None:
        rate_limit("calls")

    with pytest.warns(RuntimeWarning, match="coroutine 'rate_limit' was never awaited"):
        asyncio.run(main())
