"""Pauses in async flows: the event loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading

import pytest

from orchestrator import (
    RunInput,
    apause_flow_run,
    aresume_flow_run,
    asuspend_flow_run,
    flow,
    pause_flow_run,
    resume_flow_run,
    suspend_flow_run,
)
from orchestrator.sdk.engine.stopping import stop_run
from orchestrator.sdk.errors import ClaimLost, ObjectNotFound
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow


class Answer(RunInput):
    number: int


def resumed_meanwhile(api, wait, run_input=None, resume=resume_flow_run):
    """What a flow gets from `wait` when somebody resumes it in the same event loop."""

    @flow
    async def waits():
        resuming = asyncio.get_running_loop().create_task(resumes())
        got = await wait()
        await resuming
        return got

    async def resumes():
        while "Paused" not in (names := [run["state"]["name"] for run in api.flow_runs.values()]):
            await asyncio.sleep(0.01)
        assert names == ["Paused"]
        await resume(api.the_run()["id"], run_input)

    return asyncio.run(waits())


@pytest.mark.parametrize("wait", [pause_flow_run, apause_flow_run], ids=["plain name", "name with a"])
def test_waits_without_blocking_the_loop(api, wait):
    assert resumed_meanwhile(api, wait) is None
    assert api.state_names() == ["Pending", "Running", "Paused", "Running", "Completed"]


@pytest.mark.parametrize("resume", [resume_flow_run, aresume_flow_run], ids=["plain name", "name with a"])
def test_gets_the_answer(api, resume):
    got = resumed_meanwhile(api, lambda: pause_flow_run(wait_for_input=Answer), {"number": 3}, resume)

    assert got.number == 3


@pytest.mark.parametrize("identity", ["nope", "0198a7e2-7b1e-7000-8000-000000000000"])
def test_says_that_there_is_no_such_run(api, identity):
    with pytest.raises(ObjectNotFound, match=f"There is no flow run {identity}"):
        resume_flow_run(identity)


@pytest.mark.parametrize("suspend", [suspend_flow_run, asuspend_flow_run], ids=["plain name", "name with a"])
def test_leaves_the_loop_when_it_is_suspended(api, suspend):
    @flow
    async def leaves():
        await suspend()

    state = run_claimed_flow(leaves, flow_run=api.add_pending_run())

    assert state.name == "Suspended"
    assert api.state_names() == ["Pending", "Running", "Suspended"]


def test_leaves_the_pause_of_another_worker_alone(api):
    run = api.add_pending_run()

    @flow
    async def waits():
        waiting = asyncio.ensure_future(pause_flow_run())
        while api.state_names()[-1] != "Paused":
            await asyncio.sleep(0.005)
        threads.update(each for each in threading.enumerate() if each.name == "orchestrator-both-ways")
        threading.Thread(target=stop_run, args=(run["id"], ClaimLost("another worker has it"))).start()
        await waiting

    threads: set[threading.Thread] = set()
    run_claimed_flow(waits, flow_run=run)
    for thread in threads:
        thread.join(30)

    assert threads
    assert not any(thread.is_alive() for thread in threads)
    assert api.state_names() == ["Pending", "Running", "Paused"]


def test_passes_a_suspension_that_it_was_resumed_from(api):
    @flow
    async def leaves():
        return await suspend_flow_run(wait_for_input=str)

    run = api.add_pending_run()
    api.inputs[run["id"], "suspended-0-response"] = {"value": '{"value": "yes"}'}
    api.plan("Suspended", {"status": "REJECT", "state": {"type": "RUNNING", "name": "Running"}})

    assert run_claimed_flow(leaves, flow_run=run).result() == "yes"
