from __future__ import annotations

import asyncio
import re
import threading
import time

import pytest

from orchestrator import Failed, flow, task
from orchestrator.sdk.errors import ClaimLost, RunCancelled
from orchestrator.sdk.flows.claimed_runs import propose_final_state, run_claimed_flow, stop_run
from tests.sdk.stopping import stop_soon


def test_executes_the_run_that_exists(api):
    @flow(log_prints=True)
    def claimed(x, y=1):
        print("working")
        return x + y

    run = api.add_pending_run(parameters={"x": 2}, name="given-name")

    state = run_claimed_flow(claimed, flow_run=run, claim_id="claim-1")

    assert state.result() == 3
    assert len(api.flow_runs) == 1
    assert api.state_names() == ["Pending", "Running", "Completed"]
    proposals = [request for request in api.requests if request.path.endswith("/set_state")]
    assert {request.headers["X-Orchestrator-Claim"] for request in proposals} == {"claim-1"}
    assert "working" in api.messages()
    assert "Finished in state Completed()" in api.messages()


def test_returns_failures_instead_of_raising(api):
    @flow
    def failing():
        raise ValueError("user error")

    state = run_claimed_flow(failing, flow_run=api.add_pending_run())

    assert state.is_failed()
    assert api.the_run()["state"]["type"] == "FAILED"


def test_returns_a_crash_instead_of_leaving_the_process(api):
    @flow
    def leaving():
        raise SystemExit(3)

    state = run_claimed_flow(leaving, flow_run=api.add_pending_run())

    assert state.is_crashed()
    assert api.the_run()["state"]["type"] == "CRASHED"


def test_fails_the_run_when_its_parameters_do_not_fit(api):
    @flow
    def strict(x):
        return x

    state = run_claimed_flow(strict, flow_run=api.add_pending_run(parameters={"z": 1}))

    assert state.is_failed()
    assert "missing a required argument" in api.the_run()["state"]["message"]


def test_does_not_run_what_the_server_refuses(api):
    ran = []

    @flow
    def refused():
        ran.append(1)

    api.plan("Running", {"status": "ABORT", "details": {"reason": "the claim is another's"}})

    run_claimed_flow(refused, flow_run=api.add_pending_run())

    assert ran == []
    assert api.state_names() == ["Pending"]


def test_tells_the_server_the_retries_of_the_flow(api):
    tries = []

    @flow(retries=1)
    def flaky():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")
        return "ok"

    state = run_claimed_flow(flaky, flow_run=api.add_pending_run())

    assert state.result() == "ok"
    assert api.the_run()["empirical_policy"]["retries"] == 1


def test_gives_the_run_the_name_that_the_flow_says(api):
    @flow(flow_run_name="load-{table}")
    def load(table):
        return table

    run_claimed_flow(load, flow_run=api.add_pending_run(parameters={"table": "users"}))

    assert api.the_run()["name"] == "load-users"


def unfit_name():
    raise LookupError("no name today")


@pytest.mark.parametrize(("template", "said"), [("load-{nothing}", "cannot be filled"), (unfit_name, "no name today")])
def test_fails_the_run_that_cannot_be_named(api, template, said):
    @flow(flow_run_name=template)
    def load():
        return 1

    state = run_claimed_flow(load, flow_run=api.add_pending_run())

    assert state.is_failed()
    assert said in api.the_run()["state"]["message"]


def test_executes_an_async_flow(api):
    @flow
    async def claimed():
        await asyncio.sleep(0.01)
        return 1

    assert run_claimed_flow(claimed, flow_run=api.add_pending_run()).result() == 1


def sleeping():
    time.sleep(60)


def swallowing():
    try:
        time.sleep(60)
    except Exception:  # noqa: BLE001 - as authors do
        time.sleep(60)


@task
def sleeping_task():
    time.sleep(60)


def waiting():
    sleeping_task.submit().result()


@flow
def sleeping_flow():
    time.sleep(60)


async def asleep():
    await asyncio.sleep(60)


# what the flow is doing when it is stopped -> its options
BUSY = [
    (sleeping, {}),
    (swallowing, {}),
    (sleeping_task.fn, {"timeout_seconds": 50}),
    (lambda: sleeping_task(), {}),
    (waiting, {}),
    (lambda: sleeping_flow(), {}),
    (asleep, {}),
]


@pytest.mark.parametrize(("busy", "options"), BUSY)
def test_ends_as_cancelled_when_stopped(api, busy, options):
    run = api.add_pending_run()
    stop_soon(run, RunCancelled("asked by Ada"))

    began = time.monotonic()
    state = run_claimed_flow(flow(**options, name="busy")(busy), flow_run=run)

    assert time.monotonic() - began < 30
    assert state.is_cancelled()
    assert re.fullmatch(r"asked by Ada; it stopped by itself after \d+\.\d seconds\.", state.message)
    assert api.flow_runs[run["id"]]["state"]["type"] == "CANCELLED"


def test_says_nothing_more_when_the_claim_is_lost(api):
    run = api.add_pending_run()
    stop_soon(run, ClaimLost("another worker has it"))

    state = run_claimed_flow(flow(sleeping), flow_run=run)

    assert state.is_cancelled()
    assert api.state_names() == ["Pending", "Running"]


def test_stops_a_run_outside_of_the_main_thread(api):
    @flow
    def busy():
        for _ in range(6000):
            time.sleep(0.01)

    run = api.add_pending_run()
    stop_soon(run, RunCancelled("enough"))
    states = []

    thread = threading.Thread(
        target=lambda: states.append(run_claimed_flow(busy, flow_run=run, client=api.client())),
    )
    thread.start()
    thread.join(30)

    assert [state.type.value for state in states] == ["CANCELLED"]


def test_does_not_know_runs_that_are_over(api):
    run = api.add_pending_run()

    run_claimed_flow(flow(lambda: None, name="short"), flow_run=run)

    assert stop_run(run["id"], RunCancelled()) is False


def test_fails_a_run_whose_flow_could_not_be_loaded(api):
    run = api.add_pending_run()

    state = propose_final_state(Failed(message="no such file"), flow_run=run)

    assert state.is_failed()
    assert api.the_run()["state"]["message"] == "no such file"
    assert "Finished in state Failed('no such file')" in api.messages()
