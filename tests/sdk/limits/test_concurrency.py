from __future__ import annotations

import asyncio
import threading
import time

import pytest

from orchestrator import (
    LeaseLost,
    SlotsTimeout,
    SlotsUnavailable,
    aconcurrency,
    concurrency,
    flow,
    rate_limit,
    task,
)
from orchestrator.sdk.api.client import current_client, use_client
from orchestrator.sdk.limits import leases
from tests.sdk.fake_store import FakeStore
from tests.waiting import eventually

RENEWED = 0.0002  # of a lease of 60 seconds: 12 milliseconds


def flush() -> None:
    client = current_client()
    assert client is not None
    assert client.delivery.flush(30)


def test_holds_slots_while_the_block_executes(store: FakeStore) -> None:
    store.limits["database"] = 2

    with concurrency("database", occupy=2):
        assert store.in_use("database") == 2

    assert store.in_use("database") == 0


def test_lets_no_more_in_than_the_limit(store: FakeStore) -> None:
    store.limits["database"] = 1
    peaks = []

    @task
    def work(number: int) -> int:
        with concurrency("database"):
            peaks.append(store.in_use("database"))
            time.sleep(0.01)
        return number

    @flow
    def working() -> list[int]:
        return [future.result() for future in [work.submit(number) for number in range(4)]]

    assert working() == [0, 1, 2, 3]
    assert peaks == [1, 1, 1, 1]


def test_says_which_run_holds_the_slots(store: FakeStore) -> None:
    store.limits["database"] = 1

    @task
    def work() -> None:
        with concurrency("database"):
            pass

    @flow
    def working() -> None:
        with concurrency("database"):
            pass
        work()

    working()

    by_flow, by_task = store.bodies("/v2/concurrency_limits/increment-with-lease")
    assert by_flow["holder"] == {"type": "flow_run", "id": store.the_run()["id"]}
    assert by_task["holder"]["type"] == "task_run"
    assert by_task["lease_duration"] == 300


def test_tells_of_taking_and_giving_back(store: FakeStore) -> None:
    store.limits |= {"database": 3, "disk": 3}

    with concurrency(["database", "disk"], occupy=2):
        pass

    flush()
    acquired = store.events_named("prefect.concurrency-limit.acquired")
    released = store.events_named("prefect.concurrency-limit.released")
    assert [event["resource"]["prefect.resource.name"] for event in acquired] == ["database", "disk"]
    assert acquired[0]["resource"]["slots-acquired"] == "2"
    assert acquired[0]["related"][0]["prefect.resource.id"] == "prefect.concurrency-limit.id-of-disk"
    assert [event["follows"] for event in released] == [event["id"] for event in acquired]


def test_gives_back_when_the_block_fails(store: FakeStore) -> None:
    store.limits["database"] = 1

    with pytest.raises(LookupError), concurrency("database"):
        raise LookupError

    assert store.in_use("database") == 0


def test_waits_as_long_as_the_server_says(store: FakeStore) -> None:
    store.limits["database"] = 1
    held = concurrency("database")
    held.__enter__()
    entered = threading.Event()

    def enter() -> None:
        with concurrency("database"):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    eventually(lambda: store.denials > 1)
    assert not entered.is_set()
    held.__exit__(None, None, None)
    waiting.join(30)

    assert entered.is_set()


def test_gives_up_at_the_time_limit(store: FakeStore) -> None:
    store.limits["database"] = 1

    with concurrency("database"):
        with pytest.raises(SlotsTimeout, match="within"), concurrency("database", timeout_seconds=0.03):
            pass
        with pytest.raises(TimeoutError), concurrency("database", timeout_seconds=0):
            pass

    assert store.in_use("database") == 0


def test_gives_up_after_so_many_tries(store: FakeStore) -> None:
    store.limits["database"] = 1

    with (
        concurrency("database"),
        pytest.raises(SlotsUnavailable, match="3 tries"),
        concurrency("database", max_retries=2),
    ):
        pass


def test_limits_nothing_when_there_is_no_such_limit(store: FakeStore) -> None:
    with concurrency("nothing"):
        pass
    with concurrency([]):
        pass
    rate_limit("nothing")

    assert store.bodies("/v2/concurrency_limits/decrement-with-lease") == []


def test_insists_on_the_limit_when_strict(store: FakeStore) -> None:
    with pytest.raises(SlotsUnavailable, match="'nothing'"), concurrency("nothing", strict=True):
        pass
    with pytest.raises(SlotsUnavailable, match="'nothing'"):
        rate_limit("nothing", strict=True)


def test_says_that_the_limit_has_fewer_slots(store: FakeStore) -> None:
    store.limits["database"] = 1

    with pytest.raises(SlotsUnavailable, match="more slots than the limit has"), concurrency("database", occupy=2):
        pass


def test_limits_nothing_without_a_server() -> None:
    with use_client(None):
        with concurrency("database"):
            rate_limit("database")
        with pytest.raises(SlotsUnavailable, match="needs a server"), concurrency("database", strict=True):
            pass


def test_renews_the_lease_until_the_end(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED_AT", RENEWED)
    store.limits["database"] = 1

    with concurrency("database", lease_duration=60):
        eventually(lambda: store.renewals > 1)
    ended_with = store.renewals
    time.sleep(0.04)

    assert store.renewals <= ended_with + 1


def test_goes_on_with_a_warning_when_the_slots_are_lost(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED_AT", RENEWED)
    store.limits["database"] = 1

    @flow
    def working() -> str:
        with concurrency("database", lease_duration=60):
            store.lost_leases |= set(store.leases)
            eventually(lambda: any("no longer reserved" in message for message in store.messages()))
        return "done"

    assert working() == "done"


def test_ends_the_block_when_strict_and_the_slots_are_lost(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED_AT", RENEWED)
    store.limits["database"] = 1
    went_on = False

    def work() -> None:
        nonlocal went_on
        with concurrency("database", lease_duration=60, strict=True):
            store.lost_leases |= set(store.leases)
            for _ in range(6000):
                time.sleep(0.01)
            went_on = True

    with pytest.raises(LeaseLost):
        work()
    assert not went_on


def test_ends_an_async_block_when_the_slots_are_lost(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED_AT", RENEWED)
    store.limits["database"] = 1

    async def working() -> str:
        try:
            async with concurrency("database", lease_duration=60, raise_on_lease_renewal_failure=True):
                store.lost_leases |= set(store.leases)
                await asyncio.sleep(60)
        except LeaseLost:
            await asyncio.sleep(0)
            return "lost"
        return "went on"

    assert asyncio.run(working()) == "lost"


def test_holds_slots_in_async_code(store: FakeStore) -> None:
    store.limits["database"] = 1
    peaks = []

    async def work() -> None:
        async with aconcurrency("database"):
            peaks.append(store.in_use("database"))
            await asyncio.sleep(0.01)

    async def working() -> None:
        await asyncio.gather(*(work() for _ in range(3)))

    asyncio.run(working())

    assert peaks == [1, 1, 1]
    assert store.in_use("database") == 0


def test_takes_nothing_when_cancelled_while_it_waits(store: FakeStore) -> None:
    store.limits["database"] = 1

    async def work() -> None:
        async with concurrency("database"):
            raise AssertionError("it was cancelled before")

    async def working() -> None:
        async with concurrency("database"):
            waiting = asyncio.ensure_future(work())
            while not store.denials:
                await asyncio.sleep(0.002)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(working())

    eventually(lambda: store.in_use("database") == 0)
    asked = len(store.bodies("/v2/concurrency_limits/increment-with-lease"))
    time.sleep(0.05)
    assert len(store.bodies("/v2/concurrency_limits/increment-with-lease")) == asked


def test_gives_back_when_an_async_block_is_cancelled(store: FakeStore) -> None:
    store.limits["database"] = 1
    inside = threading.Event()

    async def work() -> None:
        async with concurrency("database"):
            inside.set()
            await asyncio.sleep(60)

    async def working() -> None:
        working = asyncio.ensure_future(work())
        while not inside.is_set():
            await asyncio.sleep(0.002)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    asyncio.run(working())

    assert store.in_use("database") == 0


def test_may_be_entered_by_many_at_a_time(store: FakeStore) -> None:
    store.limits["database"] = 4
    limit = concurrency("database")
    together = threading.Barrier(3)

    def enter() -> None:
        with limit, limit:
            together.wait(30)

    async def enter_async() -> None:
        async with limit:
            await asyncio.sleep(0.01)

    async def both() -> None:
        await asyncio.gather(enter_async(), enter_async())

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    eventually(lambda: store.in_use("database") == 4)
    together.wait(30)
    for thread in threads:
        thread.join(30)
    asyncio.run(both())

    assert store.in_use("database") == 0
    given_back = store.bodies("/v2/concurrency_limits/decrement-with-lease")
    assert len({body["lease_id"] for body in given_back}) == 6


def test_may_be_left_by_another_thread_than_entered_it(store: FakeStore) -> None:
    store.limits["database"] = 1
    limit = concurrency("database")
    entering = threading.Thread(target=limit.__enter__)
    entering.start()
    entering.join(30)

    limit.__exit__(None, None, None)

    assert store.in_use("database") == 0


def test_decorates_functions(store: FakeStore) -> None:
    store.limits["database"] = 1

    @concurrency("database")
    def work() -> int:
        return store.in_use("database")

    @concurrency("database")
    async def work_async() -> int:
        return store.in_use("database")

    assert (work(), asyncio.run(work_async()), store.in_use("database")) == (1, 1, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"names": 7},
        {"names": [""]},
        {"names": "x", "occupy": 0},
        {"names": "x", "occupy": True},
        {"names": "x", "timeout_seconds": -1},
        {"names": "x", "timeout_seconds": "long"},
        {"names": "x", "lease_duration": 5},
        {"names": "x", "lease_duration": None},
    ],
)
def test_refuses_what_cannot_be_meant(arguments: dict) -> None:
    with pytest.raises(ValueError, match=r"names|occupy|timeout_seconds|lease_duration"):
        concurrency(**arguments)
