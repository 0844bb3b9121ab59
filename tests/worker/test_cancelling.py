"""A run that is to be cancelled ends, whatever it does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.waiting import eventually, is_alive


@pytest.fixture
def cancelled(worker, api):
    """Runs the code on a real worker, asks for its cancellation, and waits for its end; returns its last state."""

    def cancel(code, *, after_seconds=0.0, **job_variables):
        if worker.process is None:
            worker.start("--concurrency", "1")
        run_id = worker.run(code, **{"cancel_grace_seconds": 1} | job_variables)
        eventually(lambda: [m for m in api.messages_of(run_id) if m == "ready"])
        time.sleep(after_seconds)
        api.cancel.add(run_id)
        worker.released(run_id)
        cancel.run_id = run_id
        return api.states[run_id][-1]

    return cancel


def pids_said(api, run_id):
    return [int(m.removeprefix("pid ")) for m in api.messages_of(run_id) if m.startswith("pid ")]


@pytest.mark.parametrize(
    "code",
    [
        """
        @flow(log_prints=True)
        def main():
            print("ready")
            time.sleep(1000)
        """,
        """
        import asyncio

        @flow(log_prints=True)
        async def main():
            print("ready")
            await asyncio.sleep(1000)
        """,
        """
        @flow(log_prints=True)
        async def main():
            print("ready")
            time.sleep(1000)  # blocks the event loop
        """,
        """
        import subprocess

        @flow(log_prints=True)
        def main():
            print("ready")
            subprocess.run(["sleep", "1000"])
        """,
        """
        @task(log_prints=True)
        def wait():
            print("ready")
            time.sleep(1000)

        @flow
        def main():
            wait()
        """,
    ],
    ids=["sleeps", "awaits", "blocks its loop", "waits for a program", "in a task"],
)
def test_stops_by_itself(cancelled, code):
    began = time.monotonic()

    state = cancelled(code, cancel_grace_seconds=60)

    assert state["type"] == "CANCELLED"
    assert "it stopped by itself after" in state["message"]
    assert time.monotonic() - began < 20


def test_calls_the_hooks(cancelled, api):
    cancelled(
        """
        def told(flow, flow_run, state):
            open("told.txt", "w").write(f"{flow.name} {flow_run.name} {state.name} {os.getpid()}")

        def broken(flow, flow_run, state):
            raise ValueError("no luck")

        @flow(log_prints=True, on_cancellation=[broken, told])
        def main():
            print("ready")
            time.sleep(1000)
        """
    )

    told = (api_path(api, cancelled.run_id) / "told.txt").read_text().split()
    assert told[:3] == ["main", "amber-dove", "Cancelled"]
    assert any("no luck" in m for m in api.messages_of(cancelled.run_id))


def test_ends_with_sigterm_what_swallows_every_stop(cancelled, api):
    state = cancelled(
        """
        @flow(log_prints=True)
        def main():
            print(f"pid {os.getpid()}")
            print("ready")
            while True:
                try:
                    time.sleep(1000)
                except BaseException:
                    pass
        """
    )

    assert state["type"] == "CANCELLED"
    assert state["message"] == (
        "The run was cancelled. It did not stop by itself within 1 seconds, so its process was ended with SIGTERM; "
        "1 process ended."
    )
    assert not any(is_alive(pid) for pid in pids_said(api, cancelled.run_id))
    assert api.lost == []


def test_kills_what_ignores_sigterm_with_all_that_it_started_and_calls_its_hooks(cancelled, api):
    state = cancelled(
        """
        import signal, subprocess

        def told(flow, flow_run, state):
            open("told.txt", "w").write(f"{flow.name} {flow_run.name} {state.name} {os.getpid()}")

        @flow(log_prints=True, on_cancellation=[told])
        def main():
            signal.signal(signal.SIGTERM, lambda *_: None)
            for session in (False, True):
                print(f"pid {subprocess.Popen(['sleep', '1000'], start_new_session=session).pid}")
            print(f"pid {os.getpid()}")
            print("ready")
            while True:
                try:
                    time.sleep(1000)
                except BaseException:
                    pass
        """
    )

    assert state["type"] == "CANCELLED"
    assert "killed with SIGKILL 5 seconds after SIGTERM; 3 processes ended." in state["message"]
    pids = pids_said(api, cancelled.run_id)
    assert len(pids) == 3
    assert not any(is_alive(pid) for pid in pids)
    told = api_path(api, cancelled.run_id) / "told.txt"
    assert eventually(lambda: told.exists() and told.read_text()).split()[:3] == ["main", "amber-dove", "Cancelled"]


def test_ends_code_that_lets_no_other_thread_run(cancelled, api):
    state = cancelled(
        """
        import ctypes

        @flow(log_prints=True)
        def main():
            print(f"pid {os.getpid()}")
            print("ready")
            time.sleep(0.5)
            ctypes.PyDLL(None).sleep(1000)  # without letting the interpreter go
        """,
        after_seconds=1.0,
    )

    assert state["type"] == "CANCELLED"
    assert "SIGTERM" in state["message"]
    assert not any(is_alive(pid) for pid in pids_said(api, cancelled.run_id))


def test_ends_an_isolated_run_that_does_not_stop(cancelled, api):
    state = cancelled(
        """
        @flow(log_prints=True)
        def main():
            print(f"pid {os.getpid()}")
            print("ready")
            while True:
                try:
                    time.sleep(1000)
                except BaseException:
                    pass
        """,
        isolation="process",
    )

    assert state["type"] == "CANCELLED"
    assert not any(is_alive(pid) for pid in pids_said(api, cancelled.run_id))


def test_leaves_no_task_thread_behind_for_the_next_run(cancelled, worker, api):
    state = cancelled(
        """
        @task
        def deaf():
            time.sleep(1000)

        @flow(log_prints=True)
        def main():
            future = deaf.submit()
            time.sleep(0.2)
            print(f"pid {os.getpid()}")
            print("ready")
            future.result()
        """
    )
    (pid,) = pids_said(api, cancelled.run_id)

    run_id = worker.run(
        """
        @flow(log_prints=True)
        def main():
            print("fine")
        """,
        file="next.py",
    )

    assert state["type"] == "CANCELLED"
    assert worker.released(run_id)[-1] == "Completed"
    eventually(lambda: not is_alive(pid))


def test_goes_on_with_the_next_run(cancelled, worker):
    cancelled(
        """
        import signal

        @flow(log_prints=True)
        def main():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("ready")
            while True:
                try:
                    time.sleep(1000)
                except BaseException:
                    pass
        """
    )

    run_id = worker.run(
        """
        @flow
        def main():
            pass
        """,
        file="next.py",
    )

    assert worker.released(run_id)[-1] == "Completed"


def api_path(api, run_id):
    return Path(api.runs[run_id]["deployment"]["path"])
