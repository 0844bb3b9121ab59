from __future__ import annotations

import asyncio
import threading

import pytest

from orchestrator import (
    PrefectFuture,
    PrefectFutureList,
    ThreadPoolTaskRunner,
    WaitTimeout,
    flow,
    quote,
    task,
)


@task
def plus_one(x):
    return x + 1


@task
async def aplus_one(x):
    return x + 1


@task
def bad(x):
    raise ValueError(x)


def test_can_be_awaited_for_itself():
    @flow
    async def awaits():
        first = await plus_one.submit(1)
        many = await aplus_one.map([1, 2])
        gathered = await asyncio.gather(plus_one.submit(5), plus_one.submit(6))
        return quote((first.result(), many.result(), [future.result() for future in gathered]))

    assert asyncio.run(awaits()).unquote() == (2, [2, 3], [6, 7])


def test_tells_its_state():
    @flow
    def asks():
        future = plus_one.submit(1)
        future.wait()
        return future.get_state().name, future.state.name

    assert asks() == ("Completed", "Completed")


def test_tells_its_state_to_async_code():
    @flow
    async def asks():
        future = plus_one.submit(1)
        await future.wait_async()
        return (await future.get_state()).name, future.get_state().name, await future.aresult()

    assert asyncio.run(asks()) == ("Completed", "Completed", 2)


def test_gives_its_result_with_and_without_await():
    @flow
    async def asks():
        future, failing = await plus_one.submit(1), await bad.submit(2)
        assert (await future.wait()) is future.state
        assert future.wait() is future.state
        with pytest.raises(ValueError, match="2"):
            await failing.result()
        return await future.result(), future.result(), await failing.result(raise_on_failure=False)

    assert asyncio.run(asks())[:2] == (2, 2)


def test_goes_by_the_names_that_type_hints_use():
    def first(futures: PrefectFutureList[int]) -> PrefectFuture[int]:
        return futures[0]

    @flow
    def hinted():
        futures = plus_one.map([1])
        return isinstance(futures, PrefectFutureList), isinstance(first(futures), PrefectFuture)

    assert hinted() == (True, True)


def test_raises_the_first_failure_while_others_run():
    go_on = threading.Event()

    @task
    def fails_or_waits(x):
        if x == "fails":
            raise ValueError(x)
        assert go_on.wait(10)
        return x

    @flow
    def mapped():
        try:
            fails_or_waits.map(["waits", "fails"]).result()
        except ValueError:
            seen = go_on.is_set()
        finally:
            go_on.set()
        return seen

    assert mapped() is False


def test_gives_exceptions_among_results_when_asked_to():
    @flow
    def mapped():
        one, error = [*plus_one.map([1]).result(), *bad.map([2]).result(raise_on_failure=False)]
        return one, type(error)

    assert mapped() == (2, ValueError)


def test_waits_only_as_long_as_told():
    go_on = threading.Event()

    @task
    def waits():
        assert go_on.wait(10)

    @flow
    def hurried():
        futures = type(plus_one.map([]))([waits.submit()])
        try:
            with pytest.raises(WaitTimeout):
                futures.result(timeout=0.01)
        finally:
            go_on.set()

    hurried()


def test_goes_on_when_a_callback_fails(caplog):
    let_go = threading.Event()
    called = []

    @task
    def waits():
        let_go.wait(5)
        return 1

    def fails(future):
        raise ValueError("no")

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def submits():
        first = waits.submit()
        first.add_done_callback(fails)
        first.add_done_callback(called.append)
        second = plus_one.submit(first)
        let_go.set()
        return second.result(timeout=5)

    assert submits() == 2
    assert [future.result() for future in called] == [1]
