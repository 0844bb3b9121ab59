from __future__ import annotations

import asyncio
import inspect
import threading

import pytest

from orchestrator import flow, task
from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.errors import RunAbandoned
from orchestrator.sdk.timing import pace


@both_ways
def double(number: int) -> int:
    """Twice as much."""
    return 2 * number


@both_ways
def thread_name() -> str:
    return threading.current_thread().name


@both_ways
def run_name() -> str | None:
    run = current_flow_run.get()
    return run.flow.name if run else None


@both_ways
def refuse() -> None:
    raise LookupError("nothing here")


class Shelf:
    owner = "nobody"

    def __init__(self, content: str) -> None:
        self.content = content

    @both_ways
    def read(self, suffix: str = "") -> str:
        return self.content + suffix

    aread = read.aio

    @both_ways
    @classmethod
    def owned_by(cls) -> str:
        return cls.owner

    aowned_by = owned_by.aio

    @both_ways
    @staticmethod
    def add(left: int, right: int) -> int:
        return left + right

    aadd = add.aio


class OwnShelf(Shelf):
    owner = "somebody"


def helper(number: int) -> object:
    return double(number)


def test_blocks_in_sync_code() -> None:
    assert double(2) == 4


def test_gives_an_awaitable_in_a_coroutine_outside_of_runs() -> None:
    async def main() -> int:
        return await double(2)

    assert asyncio.run(main()) == 4


def test_blocks_in_a_sync_function_outside_of_runs_although_a_loop_runs() -> None:
    async def main() -> object:
        return helper(2)

    assert asyncio.run(main()) == 4


def test_gives_awaitables_inside_comprehensions_of_a_coroutine() -> None:
    async def main() -> list[int]:
        listed = [await double(number) for number in (1, 2)]
        gathered = await asyncio.gather(*[double(number) for number in (3, 4)])
        generated = await asyncio.gather(*(double(number) for number in (5, 6)))
        return [*listed, *gathered, *generated]

    assert asyncio.run(main()) == [2, 4, 6, 8, 10, 12]


def test_blocks_in_a_sync_flow() -> None:
    @flow
    def outer() -> object:
        return helper(3)

    assert outer() == 6


def test_blocks_in_a_sync_flow_inside_of_a_running_loop() -> None:
    @flow
    def outer() -> object:
        return helper(3)

    async def notebook_cell() -> object:
        return outer()

    assert asyncio.run(notebook_cell()) == 6


def test_gives_an_awaitable_in_an_async_flow_also_through_a_sync_helper() -> None:
    @flow
    async def outer() -> list[int]:
        return [await double(4), await helper(4)]  # type: ignore[misc]

    assert asyncio.run(outer()) == [8, 8]


def test_blocks_in_a_sync_task_of_an_async_flow() -> None:
    @task
    def inner() -> object:
        return helper(5)

    @flow
    async def outer() -> object:
        return inner()

    assert asyncio.run(outer()) == 10


def test_gives_an_awaitable_in_an_async_task_of_a_sync_flow() -> None:
    @task
    async def inner() -> int:
        return await double(5)

    @flow
    def outer() -> object:
        return inner.submit().result()

    assert outer() == 10


def test_blocks_in_a_thread_without_a_loop_inside_of_an_async_flow() -> None:
    @flow
    async def outer() -> object:
        return await asyncio.to_thread(helper, 6)

    assert asyncio.run(outer()) == 12


def test_carries_the_caller_s_context_into_the_thread() -> None:
    @flow(name="outer")
    async def outer() -> str | None:
        return await run_name()

    assert asyncio.run(outer()) == "outer"


def test_uses_no_thread_of_a_pool() -> None:
    async def main() -> str:
        return await thread_name()

    assert asyncio.run(main()) == "orchestrator-both-ways"


def test_raises_the_error_where_it_is_awaited() -> None:
    async def main() -> None:
        await refuse()

    with pytest.raises(LookupError, match="nothing here"):
        asyncio.run(main())


def test_stops_waiting_when_cancelled() -> None:
    release = threading.Event()

    @both_ways
    def hold() -> None:
        release.wait(30)

    async def main() -> bool:
        waiting = asyncio.ensure_future(hold.aio())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return waiting.cancelled()

    cancelled = asyncio.run(main())
    release.set()

    assert cancelled


def test_ends_the_function_at_its_next_wait_when_cancelled() -> None:
    begun, ended = threading.Event(), threading.Event()

    @both_ways
    def wait_long() -> None:
        begun.set()
        try:
            pace.sleep(60)
        except RunAbandoned:
            ended.set()

    async def main() -> None:
        waiting = asyncio.ensure_future(wait_long.aio())
        while not begun.is_set():
            await asyncio.sleep(0.001)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(main())

    assert ended.wait(30)


def test_has_an_async_form_that_is_a_coroutine_function() -> None:
    assert inspect.iscoroutinefunction(double.aio)
    assert asyncio.run(double.aio(7)) == 14
    assert double.__doc__ == "Twice as much."
    assert double.aio.__name__ == "adouble"


def test_binds_methods_of_every_kind() -> None:
    shelf = OwnShelf("book")

    assert shelf.read("s") == "books"
    assert (OwnShelf.owned_by(), shelf.owned_by(), Shelf.owned_by()) == ("somebody", "somebody", "nobody")
    assert (shelf.add(1, 2), Shelf.add(1, 2)) == (3, 3)


def test_binds_async_methods_of_every_kind() -> None:
    async def main() -> list[object]:
        shelf = OwnShelf("book")
        return [
            await shelf.aread("s"),
            await shelf.read("s"),
            await OwnShelf.aowned_by(),
            await OwnShelf.owned_by(),
            await OwnShelf.owned_by.aio(),
            await Shelf.aadd(1, 2),
            await shelf.add(1, 2),
        ]

    assert asyncio.run(main()) == ["books", "books", "somebody", "somebody", "somebody", 3, 3]
