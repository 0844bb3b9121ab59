"""Runs of built flows that are ended from outside, or take too long."""

from __future__ import annotations

import threading
import time

import pytest

from orchestrator import Flow, task
from orchestrator.sdk.errors import RunCancelled
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow, stop_run


@task
def slow():
    time.sleep(0.5)


@task
def after(x):
    return x


def slow_flow(**options):
    with Flow("slow", **options) as built:
        after(slow())
    return built


def test_is_cancelled(api):
    run = api.add_pending_run()
    timer = threading.Timer(0.1, stop_run, args=(run["id"], RunCancelled("Cancelled on request.")))
    timer.start()

    state = run_claimed_flow(slow_flow(), flow_run=run)

    timer.join()
    assert state.is_cancelled()
    assert api.task_states("after") == []


def test_ends_in_time():
    state = slow_flow(timeout_seconds=0.1).run()

    assert state.name == "TimedOut"
    assert len(state.result) == 0


def test_passes_an_interruption_on():
    @task
    def interrupts():
        raise KeyboardInterrupt

    with Flow("interrupted") as built:
        node = interrupts()
        next_one = after(node)

    state = built.run()

    assert state.result[node].name == "Crashed"
    assert state.result[next_one].name == "TriggerFailed"
    assert state.is_failed()


def test_runs_async_tasks():
    @task
    async def later(x):
        return x + 1

    with Flow("async tasks") as built:
        node = later.map([1, 2])

    assert built.run().result[node].result == [2, 3]


def test_gives_every_item_of_a_generator():
    @task
    def items():
        yield 1
        yield 2

    with Flow("generator") as built:
        node = after(items())

    assert built.run().result[node].result == [1, 2]


def test_does_not_look_at_states_that_are_not_there():
    state = slow_flow(timeout_seconds=0.1).run()

    with pytest.raises(KeyError):
        state.result[after]
