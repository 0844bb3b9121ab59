"""SIGKILL in the middle of a run: it still ends well, and nothing is there twice."""

import os
import signal
import time

import pytest

from tests.waiting import eventually

LONGER_THAN_A_LEASE_SECONDS = 7.0  # by so much that whatever ends leases comes by meanwhile

SOME_SECONDS = """
@task
def step(number):
    time.sleep(0.25)
    return number

@flow(log_prints=True)
def main():
    print("pid", os.getpid())
    for number in range(12):
        print("step", step(number))
"""
STEPS = [f"step {number}" for number in range(12)]


def steps(system, run_id):
    return [line for line in system.logs(run_id) if line.startswith("step ")]


def running(system, file):
    """A run in the middle of its work, and the process that executes it."""
    run_id = system.run(SOME_SECONDS, file=file)
    system.wait_for(run_id, "RUNNING")
    eventually(lambda: "step 1" in system.logs(run_id))
    pid = next(int(line.split()[1]) for line in system.logs(run_id) if line.startswith("pid "))
    return run_id, pid


def begin_slowly(pids):
    """As on a busy machine, which is slow to start the processes that take the place of killed ones."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(LONGER_THAN_A_LEASE_SECONDS)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def test_a_run_whose_process_is_killed_is_begun_again_at_once(system):
    run_id, pid = running(system, "child.py")

    os.kill(pid, signal.SIGKILL)

    run = system.wait_for(run_id, "COMPLETED", seconds=30)
    names = system.states(run_id)
    assert names == ["Scheduled", "Pending", "Running", "AwaitingRetry", "Pending", "Running", "Completed"]
    assert steps(system, run_id)[-12:] == STEPS
    assert run["run_count"] == 2


def test_a_run_whose_worker_is_killed_is_begun_again(system):
    run_id, _ = running(system, "worker.py")

    killed = system.kill("worker")

    system.wait_for(run_id, "COMPLETED", seconds=60)
    assert system.states(run_id).count("AwaitingRetry") == 1
    assert steps(system, run_id)[-12:] == STEPS
    assert system.successors_of(killed, "worker")


@pytest.mark.parametrize("role", ["web", "services", "beat"])
def test_a_run_does_not_notice_that_something_else_is_killed(system, role):
    run_id, _ = running(system, f"{role}.py")

    killed = system.kill(role)
    if role == "web":
        begin_slowly(system.successors_of(killed, role))

    run = system.wait_for(run_id, "COMPLETED", seconds=60)
    assert system.states(run_id) == ["Scheduled", "Pending", "Running", "Completed"]
    assert steps(system, run_id) == STEPS
    assert run["run_count"] == 1
    assert len(system.task_runs(run_id)) == 12
    assert system.successors_of(killed, role)


def test_a_run_that_kills_its_process_each_time_crashes_with_the_reason(system):
    # A moment later: of a process that dies at once, Celery may learn the death before it learns what it had taken,
    # and then the end of the lease is what tells.
    code = "@flow\ndef main():\n    time.sleep(0.5)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    run_id = system.run(code, file="suicide.py")

    run = system.wait_for(run_id, "CRASHED", seconds=60)

    assert system.states(run_id).count("Running") == 3
    assert "SIGKILL" in run["state"]["message"]
    assert "attempt 3 of 3" in run["state"]["message"]


def test_the_system_works_after_all_of_it_was_killed(system):
    for role in ("beat", "services", "worker", "web"):
        system.kill(role)

    run_id = system.run("@flow\ndef main():\n    pass\n", file="after.py")

    system.wait_for(run_id, "COMPLETED", seconds=60)
