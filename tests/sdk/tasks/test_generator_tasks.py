from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from orchestrator import TaskTimeout, flow, get_run_logger, task
from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.engine import items as engine_items


@task
def count(n):
    yield from range(n)
    return "end"


@task
async def acount(n):
    for number in range(n):
        await asyncio.sleep(0)
        yield number


def test_gives_its_items_one_at_a_time(api):
    seen = []

    @flow
    def main():
        for number in count(3):
            seen.append((number, api_states(api)))
        return seen[-1][0]

    assert main() == 2
    assert api.task_states("count") == ["Pending", "Running", "Completed"]
    assert all(states in ([], ["Pending"], ["Pending", "Running"]) for _, states in seen)


def api_states(api):
    return api.task_states("count")


def test_gives_its_items_one_at_a_time_when_it_is_async(api):
    @flow
    async def main():
        return [number async for number in acount(3)]

    assert asyncio.run(main()) == [0, 1, 2]
    assert api.task_states("acount") == ["Pending", "Running", "Completed"]


def test_completes_when_the_consumer_stops_early(api):
    closed = []

    @task
    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    @task
    async def aendless():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    @flow
    def main():
        items = endless()
        next(items)
        items.close()

    @flow
    async def amain():
        items = aendless()
        await anext(items)
        await items.aclose()

    main()
    asyncio.run(amain())

    assert closed == [True, True]
    assert api.task_states("endless")[-1] == "Completed"
    assert api.task_states("aendless")[-1] == "Completed"


def test_raises_what_it_raises_where_it_is_consumed(api):
    @task
    def broken():
        yield 1
        raise ValueError("bad")

    @flow
    def main():
        with pytest.raises(ValueError, match="bad"):
            list(broken())

    main()

    assert api.task_states("broken") == ["Pending", "Running", "Failed"]


def test_is_tried_again_as_long_as_it_has_given_nothing():
    tries = []

    @task(retries=2)
    def flaky():
        tries.append(1)
        if len(tries) < 2:
            raise ValueError("before the first item")
        yield len(tries)
        raise ValueError("after it")

    items = flaky()

    assert next(items) == 2
    with pytest.raises(ValueError, match="after it"):
        next(items)
    assert len(tries) == 2


def test_is_the_current_run_only_while_it_executes():
    @task
    def who():
        get_run_logger().info("inside")
        yield current_task_run.get().name

    for name in who():
        assert name.startswith("who-")
        assert current_task_run.get() is None


def test_does_not_count_the_time_of_its_consumer(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(engine_items, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    @task(timeout_seconds=60)
    def quick():
        yield 1
        yield 2

    @task(timeout_seconds=60)
    def slow():
        yield 1
        clock[0] += 61
        yield 2
        time.sleep(20)

    for _ in quick():
        clock[0] += 61
    with pytest.raises(TaskTimeout):
        list(slow())


def test_gives_all_items_as_a_list_where_nobody_takes_them():
    @flow
    def main():
        return count.submit(2).result(), acount.submit(3).result(), count.map([1, 2]).result()

    assert main() == ([0, 1], [0, 1, 2], [[0], [0, 1]])
    assert count(2, return_state=True).result() == [0, 1]


def test_gives_what_it_returns_to_yield_from():
    def around():
        return (yield from count(1))

    items = around()
    next(items)

    with pytest.raises(StopIteration) as end:
        next(items)
    assert end.value.value == "end"


def test_draws_edges_from_its_items(api):
    @task
    def texts():
        yield "a text that is longer than one letter"

    @task
    def take(text):
        """Nothing."""

    @flow
    def main():
        for text in texts():
            take(text)

    main()

    (edge,) = api.last_event("take")["payload"]["task_run"]["task_inputs"]["text"]
    assert edge["id"] == api.last_event("texts")["resource"]["prefect.resource.id"][-36:]


def test_works_in_classes():
    class Source:
        size = 2

        @task
        def items(self):
            yield from range(self.size)

        @task
        @classmethod
        def of_class(cls):
            return cls.size

        @classmethod
        @task
        def of_class_above(cls):
            return cls.size

        @staticmethod
        @task
        def plain(x):
            return x

        @task
        @staticmethod
        def plain_above(x):
            return x

    source = Source()

    assert list(source.items()) == [0, 1]
    assert Source.of_class() == source.of_class() == Source.of_class_above() == 2
    assert source.of_class.submit().result() == 2
    assert Source.plain(3) == source.plain_above(3) == 3
