"""Flows that give their items one at a time."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from orchestrator import FlowTimeout, flow, get_run_logger, task
from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.engine import items as engine_items
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow


@task
def double(number: int) -> int:
    return 2 * number


@flow
def numbers(limit: int):
    for number in range(limit):
        get_run_logger().info("gives %s", number)
        yield double(number)
    return "all"


@flow
async def numbers_later(limit: int):
    for number in range(limit):
        await asyncio.sleep(0)
        yield number


def test_gives_its_items_one_at_a_time(api):
    items = numbers("3")

    assert next(items) == 0
    assert api.state_names() == ["Pending", "Running"]
    assert list(items) == [2, 4]
    assert api.state_names() == ["Pending", "Running", "Completed"]
    assert "gives 2" in api.messages()


def test_begins_when_somebody_wants_the_first(api):
    numbers(3)

    assert api.flow_runs == {}


def test_completes_when_nobody_wants_more(api):
    closed = []

    @flow
    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.append(current_flow_run.get() is not None)

    items = endless()
    next(items)
    items.close()

    assert closed == [True]
    assert api.state_names() == ["Pending", "Running", "Completed"]


def test_fails_when_its_code_does(api):
    @flow
    def broken():
        yield 1
        raise ValueError("no more")

    items = broken()

    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)
    assert api.state_names() == ["Pending", "Running", "Failed"]


def test_is_told_what_the_consumer_sends():
    @flow
    def echo():
        said = yield "ready"
        while said != "stop":
            said = yield said
        return "stopped"

    items = echo()

    assert [next(items), items.send("a"), items.send("b")] == ["ready", "a", "b"]
    with pytest.raises(StopIteration) as end:
        items.send("stop")
    assert end.value.value == "stopped"


def test_leaves_the_consumer_outside_of_the_run(api):
    around = []

    @flow
    def consumer():
        for item in numbers(2):
            around.append(current_flow_run.get().flow.name)
            double(item)

    consumer()

    assert around == ["consumer", "consumer"]


def test_counts_only_its_own_time_against_the_limit(api, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(engine_items, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    @flow(timeout_seconds=60)
    def patient():
        yield 1
        yield 2

    @flow(timeout_seconds=60)
    def slow():
        yield 1
        clock[0] += 61
        yield 2
        time.sleep(20)

    items = patient()
    next(items)
    clock[0] += 61

    assert list(items) == [2]
    with pytest.raises(FlowTimeout):
        list(slow())


def test_gives_items_to_async_code(api):
    async def consume():
        return [item async for item in numbers_later(3)]

    assert asyncio.run(consume()) == [0, 1, 2]
    assert api.state_names() == ["Pending", "Running", "Completed"]


def test_raises_in_async_code_what_its_code_raises(api):
    @flow
    async def broken():
        yield 1
        raise ValueError("no more")

    async def consume():
        return [item async for item in broken()]

    with pytest.raises(ValueError, match="no more"):
        asyncio.run(consume())
    assert api.state_names()[-1] == "Failed"


def test_gives_the_state_alone_on_request(api):
    state = numbers(3, return_state=True)

    assert state.result() == "all"


@pytest.mark.parametrize("made", [numbers, numbers_later])
def test_is_executed_to_its_end_by_a_worker(api, made):
    state = run_claimed_flow(made, flow_run=api.add_pending_run(parameters={"limit": 2}))

    assert state.is_completed()
