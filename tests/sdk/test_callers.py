from __future__ import annotations

import asyncio
import sys

import pytest

from orchestrator.sdk.callers import is_async_code, is_awaited


class Told:
    """What a call found out, awaitable or not."""

    def __init__(self, frame):
        self.in_async_code, self.awaited = is_async_code(frame), is_awaited(frame)

    def __await__(self):
        return self
        yield


def call(*arguments, **keywords):
    return Told(sys._getframe(1))


def sync():
    return call()


async def awaits():
    return await call()


async def awaits_with_arguments():
    keywords = {"x": 3}
    return await call(1, *[2], **keywords)


async def awaits_in_a_comprehension():
    return [await call(item) for item in (1, 2)][1]


async def awaits_something_else():
    told = call()
    await asyncio.sleep(0)
    return told


async def awaits_what_is_made_of_it():
    async def gives(told):
        return told

    return await gives(call())


async def calls_in_a_comprehension():
    return [call(item) for item in (1, 2)][1]


async def calls_beneath():
    return sync()


# who calls, whether its code is async, whether it awaits the call
CALLERS = [
    (awaits, True, True),
    (awaits_with_arguments, True, True),
    (awaits_in_a_comprehension, True, True),
    (awaits_something_else, True, False),
    (awaits_what_is_made_of_it, True, False),
    (calls_in_a_comprehension, True, False),
    (calls_beneath, False, False),
]


@pytest.mark.parametrize(("caller", "in_async_code", "awaited"), CALLERS)
def test_tells_callers_that_await_from_those_that_do_not(caller, in_async_code, awaited):
    told = asyncio.run(caller())

    assert (told.in_async_code, told.awaited) == (in_async_code, awaited)


def test_finds_nothing_async_in_sync_code():
    assert (sync().in_async_code, sync().awaited) == (False, False)


def test_tells_the_same_after_many_calls():
    async def warmed_up():
        return [await call() for _ in range(1000)], [call() for _ in range(1000)]

    awaited, called = asyncio.run(warmed_up())

    assert {told.awaited for told in awaited} == {True}
    assert {told.awaited for told in called} == {False}
