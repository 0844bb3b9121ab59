from __future__ import annotations

import asyncio
import threading
import time

import pytest

from orchestrator import Failed, flow, tags, task
from orchestrator.sdk.limits import known_tags
from tests.sdk.fake_store import FakeStore

TAKEN = "/v2/concurrency_limits/increment-with-lease"


@task(tags=["scarce"])
def tagged(number: int) -> int:
    time.sleep(0.01)
    return number


def test_lets_no_more_task_runs_begin_than_their_tag_allows(store: FakeStore) -> None:
    store.limits["tag:scarce"] = 1
    peaks = []

    @task(tags=["scarce"])
    def work(number: int) -> int:
        peaks.append(store.in_use("tag:scarce"))
        time.sleep(0.01)
        return number

    @flow
    def working() -> list[int]:
        return work.map(range(4)).result()

    assert working() == [0, 1, 2, 3]
    assert peaks == [1, 1, 1, 1]
    assert store.in_use("tag:scarce") == 0
    assert store.task_states("work").count("Completed") == 4


def test_holds_async_task_runs_too(store: FakeStore) -> None:
    store.limits["tag:scarce"] = 1
    peaks = []

    @task(tags=["scarce"])
    async def work() -> None:
        peaks.append(store.in_use("tag:scarce"))
        await asyncio.sleep(0.01)

    @flow
    async def working() -> None:
        await asyncio.gather(*(work() for _ in range(3)))

    asyncio.run(working())

    assert peaks == [1, 1, 1]


def test_tells_of_the_slots_and_who_has_them(store: FakeStore) -> None:
    store.limits["tag:scarce"] = 1

    @flow
    def working() -> None:
        tagged(1)

    working()

    (acquired,) = store.events_named("prefect.concurrency-limit.acquired")
    (released,) = store.events_named("prefect.concurrency-limit.released")
    (asked,) = store.bodies(TAKEN)
    assert acquired["resource"]["prefect.resource.name"] == "tag:scarce"
    assert released["follows"] == acquired["id"]
    assert "task-run" in [each["prefect.resource.role"] for each in acquired["related"]]
    assert asked["names"] == ["tag:scarce"]
    assert asked["holder"]["type"] == "task_run"


def test_gives_slots_back_between_tries(store: FakeStore) -> None:
    store.limits["tag:scarce"] = 1
    tries = []

    @task(tags=["scarce"], retries=1)
    def work() -> int:
        tries.append(store.in_use("tag:scarce"))
        if len(tries) == 1:
            raise LookupError
        return 7

    @flow
    def working() -> int:
        return work()

    assert working() == 7
    assert tries == [1, 1]
    assert len(store.bodies(TAKEN)) == 2
    assert store.in_use("tag:scarce") == 0


def test_asks_once_about_tags_without_a_limit(store: FakeStore) -> None:
    @flow
    def working() -> None:
        for number in range(5):
            tagged(number)
        with tags("other"):
            tagged(6)

    working()

    assert [body["names"] for body in store.bodies(TAKEN)] == [["tag:scarce"], ["tag:other", "tag:scarce"]]


def test_asks_nothing_about_tags_that_were_asked_about_with_others(store: FakeStore) -> None:
    @flow
    def working() -> None:
        with tags("other"):
            tagged(1)
        tagged(2)

    working()

    assert len(store.bodies(TAKEN)) == 1


def test_asks_once_for_all_that_begin_together(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    take = store._take_slots

    def slowly(body: object) -> tuple[int, object]:
        time.sleep(0.2)  # the others come meanwhile
        return take(body)

    monkeypatch.setattr(store, "_take_slots", slowly)

    @flow
    def working() -> list[int]:
        return tagged.map(range(8)).result()

    assert working() == list(range(8))
    assert len(store.bodies(TAKEN)) == 1


def test_asks_again_after_a_while(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tags, "UNLIMITED_FOR_SECONDS", 0.0)

    @flow
    def working() -> None:
        tagged(1)
        tagged(2)

    working()

    assert len(store.bodies(TAKEN)) == 2


def test_asks_nothing_for_tasks_without_tags(store: FakeStore) -> None:
    @task
    def plain() -> None: ...

    @flow
    def working() -> None:
        plain()

    working()

    assert store.bodies(TAKEN) == []


def test_fails_when_the_limit_lets_nobody_in(store: FakeStore) -> None:
    store.limits["tag:scarce"] = 0

    @flow
    def working() -> object:
        return tagged(1, return_state=True)

    state = working(return_state=True)

    assert isinstance(state, type(Failed()))
    assert "lets no run in" in store.last_event("tagged")["payload"]["validated_state"]["message"]


def test_goes_on_while_the_server_is_away_when_no_limit_is_known(
    store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCHESTRATOR_DRAIN_SECONDS", "5")

    @flow
    def working() -> int:
        store.down = True
        result = tagged(3)
        store.down = False
        return result

    assert working() == 3


def test_does_not_take_a_busy_server_for_one_without_limits(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.limits["tag:scarce"] = 1
    take = store._take_slots
    busy = iter([True, True])
    answer = {"detail": "busy"}
    monkeypatch.setattr(store, "_take_slots", lambda body: (503, answer) if next(busy, False) else take(body))

    @flow
    def working() -> int:
        return tagged(3)

    assert working() == 3
    assert len(store.events_named("prefect.concurrency-limit.acquired")) == 1


def test_waits_for_the_server_when_a_limit_is_known(store: FakeStore) -> None:
    store.limits["tag:scarce"] = 1

    @flow
    def working() -> int:
        tagged(1)
        store.down = True
        back = threading.Timer(0.05, lambda: setattr(store, "down", False))
        back.start()
        return tagged(2)

    assert working() == 2
    assert len({body["holder"]["id"] for body in store.bodies(TAKEN)}) == 2
