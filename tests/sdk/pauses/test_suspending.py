"""How a run leaves its process."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from orchestrator import flow, suspend_flow_run, task
from orchestrator.sdk.errors import RunSuspended
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow, stop_run

begun = threading.Event()


@pytest.fixture(autouse=True)
def nothing_begun():
    begun.clear()


def told_to_leave(run_id, when):
    """A thread that suspends the run from outside as soon as `when()` is true."""

    def tell():
        while not when() or not stop_run(run_id, RunSuspended()):
            time.sleep(0.01)

    thread = threading.Thread(target=tell)
    thread.start()
    return thread


def test_waits_for_tasks_under_way(api):
    @task
    def slow():
        begun.set()
        time.sleep(0.1)

    @flow
    def leaves():
        slow.submit()
        begun.wait(30)
        suspend_flow_run()

    state = run_claimed_flow(leaves, flow_run=api.add_pending_run())

    assert state.name == "Suspended"
    assert api.task_states("slow")[-1] == "Completed"


def test_waits_for_them_also_when_it_is_told_twice(api):
    @task
    def slow():
        begun.set()
        time.sleep(0.3)

    @flow
    def leaves():
        slow.submit()
        begun.wait(30)
        suspend_flow_run()

    run = api.add_pending_run()
    thread = told_to_leave(run["id"], lambda: run["state"]["name"] == "Suspended")
    state = run_claimed_flow(leaves, flow_run=run)
    thread.join()

    assert state.name == "Suspended"
    assert api.task_states("slow")[-1] == "Completed"


@flow
def sync_endless():
    begun.set()
    while True:
        time.sleep(0.01)


@flow
async def async_endless():
    begun.set()
    while True:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("endless", [sync_endless, async_endless], ids=["sync", "async"])
def test_leaves_when_it_is_told_to(api, endless):
    run = api.add_pending_run()
    thread = told_to_leave(run["id"], begun.is_set)

    state = run_claimed_flow(endless, flow_run=run)
    thread.join()

    assert (state.type.value, state.name) == ("PAUSED", "Suspended")
    assert api.state_names(run["id"]) == ["Pending", "Running"]  # who suspended it has told the server


def test_delivers_what_was_logged(api):
    @flow(log_prints=True)
    def leaves():
        print("before")
        suspend_flow_run()

    run_claimed_flow(leaves, flow_run=api.add_pending_run())

    assert "before" in api.messages()
    assert any(message.startswith("Suspended:") for message in api.messages())
