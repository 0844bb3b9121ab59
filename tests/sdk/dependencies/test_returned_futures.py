from __future__ import annotations

import asyncio

import pytest

from orchestrator import (
    Completed,
    Failed,
    ThreadPoolTaskRunner,
    flow,
    quote,
    resolve_futures_to_results,
    resolve_futures_to_states,
    task,
)


@task
def bad(x):
    raise ValueError(x)


@task
def good(x):
    return x


# what a flow returns, the message of its state
FAILING = [
    (lambda: bad.map([1, 2]), "2 of 2 "),
    (lambda: list(bad.map([1, 2])), "2 of 2 "),
    (lambda: {bad.submit(1), bad.submit(2)}, "2 of 2 "),
    (lambda: bad.submit(1), "ValueError: 1"),
    (lambda: {"one": bad.submit(1), "two": good.submit(2)}, "1 of 2 "),
    (lambda: [bad.map([1, 2]), good.map([3])], "2 of 3 "),
    (lambda: (bad.submit(1), "more"), "1 of 1 "),
]


@pytest.mark.parametrize(("returned", "message"), FAILING)
def test_fails_a_flow_that_returns_futures_of_failed_runs(returned, message):
    state = flow(lambda: returned())(return_state=True)

    assert state.is_failed()
    assert message in state.message
    with pytest.raises(ValueError, match=r"[12]"):
        state.result()


@pytest.mark.parametrize(("returned", "message"), FAILING)
def test_fails_an_async_flow_likewise(returned, message):
    @flow
    async def gather():
        return returned()

    state = asyncio.run(gather(return_state=True))

    assert state.is_failed()
    assert message in state.message


@pytest.mark.parametrize(("returned", "message"), FAILING)
def test_fails_a_task_likewise(returned, message):
    @task
    def gather():
        return returned()

    @flow
    def outer():
        state = gather(return_state=True)
        assert state.is_failed()
        assert message in state.message
        return "looked"

    assert outer() == "looked"


def test_gives_a_task_s_results_to_those_that_come_after():
    @task
    def fan_out():
        return {"numbers": good.map([1, 2])}

    @task
    def add_up(found):
        return sum(found["numbers"])

    assert flow(lambda: add_up(fan_out()))() == 3


def test_waits_for_them_in_a_pool_of_one():
    @task
    def fan_out():
        return good.map([1, 2])

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def narrow():
        return fan_out.submit()

    assert [state.result() for state in narrow()] == [1, 2]


def test_completes_a_flow_whose_futures_all_did():
    states = flow(lambda: good.map([1, 2]))()

    assert type(states) is list
    assert [state.result() for state in states] == [1, 2]
    assert flow(lambda: good.submit(3))() == 3


def test_leaves_to_data_what_authors_hold_as_states():
    @flow
    def reports():
        return {"bad": bad(1, return_state=True)}

    assert reports()["bad"].is_failed()


def test_takes_what_is_quoted_as_it_is():
    @flow
    def holds():
        return quote([Failed(), bad.submit(1)])

    state, future = holds().unquote()

    assert state.is_failed()
    assert future.state.is_failed()


def test_resolves_futures_to_results_and_states():
    @flow
    def resolves():
        nested = {"a": [good.submit(1), 5], "b": (good.submit(2),)}
        states = resolve_futures_to_states(nested)
        return quote((resolve_futures_to_results(nested), states["a"][0].result(), states["b"][0].is_completed()))

    assert resolves().unquote() == ({"a": [1, 5], "b": (2,)}, 1, True)


def test_raises_what_a_run_raised_instead_of_its_result():
    @flow
    def resolves():
        resolve_futures_to_results([bad.submit(1)])

    with pytest.raises(ValueError, match="1"):
        resolves()


def test_returns_what_holds_no_futures_as_it_is():
    plain = [{"a": 1}, Completed()]

    assert resolve_futures_to_results(plain) is plain
    assert resolve_futures_to_states(plain) is plain
