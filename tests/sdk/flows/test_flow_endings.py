"""How flow runs end before their code does: time limits, crashes, cancellation."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time

import pytest

from orchestrator import (
    FlowTimeout,
    flow,
    task,
)
from orchestrator.sdk.context import current_flow_run
from tests.waiting import eventually


@task
def one() -> int:
    return 1


def test_does_not_wait_longer_than_its_time_limit(api):
    @flow(timeout_seconds=0.2)
    def slow():
        time.sleep(60)

    began = time.monotonic()
    state = slow(return_state=True)

    assert time.monotonic() - began < 30
    assert (state.type.value, state.name) == ("FAILED", "TimedOut")
    assert "0.2 second" in api.the_run()["state"]["message"]
    with pytest.raises(FlowTimeout):
        state.result()


def test_gives_up_the_tasks_of_a_flow_that_timed_out(api):
    @task
    def long():
        time.sleep(60)

    @flow(timeout_seconds=0.3)
    def slow():
        long.submit()
        long()

    began = time.monotonic()
    slow(return_state=True)

    assert time.monotonic() - began < 30
    assert api.task_states("long").count("Crashed") == 2


def test_stops_the_code_that_exceeded_the_limit():
    steps, threads = [], []

    @flow(timeout_seconds=0.2)
    def busy():
        threads.append(threading.current_thread())
        for step in range(6000):
            steps.append(step)
            time.sleep(0.01)

    assert busy(return_state=True).name == "TimedOut"

    eventually(lambda: not threads[0].is_alive())
    assert len(steps) < 6000


def test_waits_for_submitted_tasks_that_nobody_looked_at(api):
    @task
    def late():
        time.sleep(0.2)

    @flow
    def careless():
        late.submit()

    careless()

    assert api.task_states("late") == ["Pending", "Running", "Completed"]


def test_drops_tasks_that_had_not_begun_when_the_flow_failed(api):
    begun = threading.Event()
    pools = []

    @task
    def first():
        begun.set()
        eventually(lambda: pools[0]._dropping)  # the flow has failed

    @flow
    def failing():
        pools.append(current_flow_run.get().pool)
        upstream = first.submit()
        begun.wait()
        for _ in range(3):
            one.submit(wait_for=[upstream])
        raise ValueError("early")

    with pytest.raises(ValueError, match="early"):
        failing()

    assert api.task_states("first")[-1] == "Completed"
    assert api.task_states("one") == ["Pending"] * 3 + ["Cancelled"] * 3


def test_records_a_crash_and_lets_it_through(api):
    @flow
    def leaving():
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        leaving()

    state = api.the_run()["state"]
    assert state["type"] == "CRASHED"
    assert "SystemExit" in state["message"]


# what the script is doing -> the flow's options, its code, and the states before the crash
TERMINATED = {
    "sleeping": ("", "def f(): time.sleep(20)", ["Running"]),
    # its code executes in another thread
    "limited": ("timeout_seconds=15", "def f(): time.sleep(20)", ["Running"]),
    "async": ("", "async def f(): await asyncio.sleep(20)", ["Running"]),
    "submitted": ("", "def f(): task(lambda: time.sleep(20)).submit().result()", ["Running"]),
    "retrying": ("retries=1, retry_delay_seconds=20", "def f(): 1 / 0", ["Running", "AwaitingRetry"]),
}


@pytest.mark.parametrize("doing", TERMINATED)
def test_records_a_crash_when_its_script_is_terminated(http, doing):
    options, code, states = TERMINATED[doing]
    call = "asyncio.run(f())" if doing == "async" else "f()"
    script = f"import asyncio, time\nfrom orchestrator import flow, task\n@flow({options})\n{code}\n{call}"

    with subprocess.Popen([sys.executable, "-c", script]) as process:
        eventually(lambda: http.api.flow_runs and http.api.state_names()[-1] == states[-1], seconds=60)
        time.sleep(0.2)
        process.terminate()

    assert process.returncode == 143
    assert http.api.state_names() == ["Pending", *states, "Crashed"]


def test_leaves_the_signals_of_the_program_alone(api):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    during = []

    @flow
    def looking():
        during.append(signal.getsignal(signal.SIGTERM))

    try:
        looking()
    finally:
        after = signal.signal(signal.SIGTERM, before)

    assert during == [after] == [signal.SIG_IGN]


def test_limits_the_time_of_an_async_flow(api):
    @flow(timeout_seconds=0.1)
    async def slow():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)  # an unwilling coroutine

    async def main():
        began = time.monotonic()
        state = await slow(return_state=True)
        return state, time.monotonic() - began

    state, seconds = asyncio.run(main())

    assert state.name == "TimedOut"
    assert seconds < 30


def test_ends_as_cancelled_when_it_was_being_cancelled(api):
    api.plan("Completed", {"status": "REJECT", "state": {"type": "CANCELLING", "name": "Cancelling"}})

    @flow
    def unaware():
        return 1

    state = unaware(return_state=True)

    assert state.is_cancelled()
    assert api.state_names()[-1] == "Cancelled"
