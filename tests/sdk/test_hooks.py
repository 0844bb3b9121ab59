"""What is called when a run was cancelled."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from orchestrator import flow
from orchestrator.sdk.engine import run_claimed_flow, stop_run
from orchestrator.sdk.errors import ClaimLost, RunCancelled


def stopped(flow_, api, stop, *, after=0.2):
    run = api.add_pending_run()
    threading.Timer(after, stop_run, args=(run["id"], stop)).start()
    return run, run_claimed_flow(flow_, flow_run=run, client=api.client())


def asleep():
    time.sleep(30)


def test_are_called_with_the_flow_the_run_and_its_state(api):
    seen = []
    sleeper = flow(on_cancellation=[lambda *arguments: seen.append(arguments)])(asleep)

    run, _ = stopped(sleeper, api, RunCancelled())

    ((called_flow, called_run, state),) = seen
    assert (called_flow, called_run.id, called_run.name) == (sleeper, run["id"], run["name"])
    assert state.is_cancelled()


def test_are_all_called_although_one_fails(api):
    seen = []

    def broken(*_):
        raise ValueError("no luck")

    sleeper = flow(on_cancellation=[broken, lambda *_: seen.append("second")])(asleep)

    _, state = stopped(sleeper, api, RunCancelled())

    assert seen == ["second"]
    assert state.is_cancelled()
    assert any("no luck" in message for message in api.messages())


def test_may_be_async(api):
    seen = []

    async def later(*_):
        await asyncio.sleep(0.01)
        seen.append("awaited")

    @flow(on_cancellation=[later])
    async def sleeper():
        await asyncio.sleep(30)

    stopped(sleeper, api, RunCancelled())

    assert seen == ["awaited"]


def test_are_left_to_whoever_owns_the_run_now(api):
    seen = []
    sleeper = flow(on_cancellation=[lambda *_: seen.append("called")])(asleep)

    stopped(sleeper, api, ClaimLost("gone"))

    assert seen == []


def test_are_not_called_when_the_run_ends_otherwise(api):
    seen = []

    @flow(on_cancellation=[lambda *_: seen.append("called")])
    def quick():
        pass

    quick()

    assert seen == []


def test_stay_with_a_copy_of_the_flow():
    hook = print

    assert flow(on_cancellation=[hook])(asleep).with_options(name="other").on_cancellation == [hook]


@pytest.mark.parametrize("given", [print, "print", [1], 3])
def test_are_refused_unless_they_are_a_list_of_functions(given):
    with pytest.raises(TypeError):
        flow(on_cancellation=given)(asleep)
