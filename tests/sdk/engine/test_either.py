from __future__ import annotations

import asyncio

import pytest

from orchestrator import flow, task
from orchestrator.sdk.engine.either import CallEither


def plain(number):
    return 2 * number


async def in_a_loop(number):
    await asyncio.sleep(0)
    return 2 * number


def returns_an_awaitable(number):
    return in_a_loop(number)


FUNCTIONS = [plain, in_a_loop, returns_an_awaitable]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_calls_from_sync_and_async_runs(function):
    async def within_a_loop():
        return await CallEither(function, 2).perform_async(), CallEither(function, 3).perform()

    assert CallEither(function, 1).perform() == 2
    assert asyncio.run(within_a_loop()) == (4, 6)


async def fails():
    raise KeyError("no")


def test_raises_what_the_function_raises():
    async def within_a_loop():
        with pytest.raises(KeyError):
            await CallEither(fails).perform_async()

    with pytest.raises(KeyError):
        CallEither(fails).perform()
    asyncio.run(within_a_loop())


# retry_condition_fn=…


def condition(task, run, state):
    try:
        state.result()
    except KeyError:
        return True
    except ValueError:
        return False


async def acondition(task, run, state):
    try:
        await state.result()
    except KeyError:
        return True
    except ValueError:
        return False


@pytest.mark.parametrize("decide", [condition, acondition])
@pytest.mark.parametrize(("error", "tries"), [(KeyError, 3), (ValueError, 1)])
def test_lets_a_condition_of_either_kind_decide_about_retries(decide, error, tries):
    tried = []

    @task(retries=2, retry_condition_fn=decide)
    def fails_always():
        tried.append("sync")
        raise error("no")

    @task(retries=2, retry_condition_fn=decide)
    async def afails_always():
        tried.append("async")
        raise error("no")

    @flow
    async def outer():
        await afails_always(return_state=True)
        fails_always(return_state=True)

    flow(lambda: [fails_always(return_state=True)])(return_state=True)
    asyncio.run(outer())

    assert (tried.count("sync"), tried.count("async")) == (2 * tries, tries)
