"""The server goes away in the middle of a run and comes back: the run goes on, and what it said arrives once."""

import os
import signal
import time

import pytest

from tests.services import free_port
from tests.waiting import eventually


@pytest.mark.parametrize("down_seconds", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_a_run_outlives_an_outage(fresh, down_seconds):
    port = free_port()
    fresh.start("--no-worker", port=port)
    worker = fresh.command("worker", "start", environment={"ORCHESTRATOR_API_URL": f"{fresh.url}/api"})
    eventually(fresh.workers)
    ticks = down_seconds * 5 // 2  # the run lasts a little longer than the outage
    code = f"""
    @task
    def tick(number):
        time.sleep(0.5)

    @flow(log_prints=True)
    def main():
        for number in range({ticks}):
            tick(number)
            print("tick", number)
    """
    run_id = fresh.run(code)
    eventually(lambda: "tick 2" in fresh.logs(run_id))

    os.kill(fresh.supervisor.pid, signal.SIGKILL)
    fresh.supervisor.wait()
    time.sleep(down_seconds)
    fresh.start("--no-worker", port=port)

    run = fresh.wait_for(run_id, "COMPLETED", seconds=60)
    assert worker.poll() is None
    assert run["run_count"] == 1
    assert fresh.states(run_id) == ["Scheduled", "Pending", "Running", "Completed"]
    assert [line for line in fresh.logs(run_id) if line.startswith("tick ")] == [f"tick {n}" for n in range(ticks)]
    assert len(fresh.task_runs(run_id)) == ticks


def test_a_worker_waits_for_a_server_that_is_not_there_yet(fresh):
    port = free_port()
    fresh.command("worker", "start", environment={"ORCHESTRATOR_API_URL": f"http://127.0.0.1:{port}/api"})
    eventually(lambda: "the worker keeps trying" in fresh.output())

    fresh.start("--no-worker", port=port)
    eventually(fresh.workers, seconds=30)

    run_id = fresh.run("@flow\ndef main():\n    pass\n")
    fresh.wait_for(run_id, "COMPLETED")
    assert fresh.output().count("the worker keeps trying") == 1
