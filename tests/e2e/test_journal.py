"""A program ends while the server is away. What it could not tell is told later, once, by another program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.clients.environments import ROOT
from tests.services import free_port
from tests.waiting import eventually

PROGRAM = """
import sys, time
from orchestrator import flow, task
from orchestrator.sdk.flows import flow_endings
flow_endings._LEAST_PATIENCE_SECONDS = 0.2

@task
def tick(number):
    print("tick", number)

@flow(log_prints=True)
def lonely():
    tick(0)
    time.sleep(0.5)  # tick 0 is on the server
    sys.stdout.flush()
    open("ready", "w").close()
    sys.stdin.readline()
    for number in range(1, 20):
        tick(number)
    return "done"

lonely()
"""


def python(system, directory, *arguments, **environment):
    directory.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=directory,
        env={
            **system.environment,
            "ORCHESTRATOR_API_URL": f"{system.url}/api",
            "ORCHESTRATOR_HOME": str(directory / "home"),
            "PYTHONPATH": str(ROOT),
            **environment,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def the_only_run(system):
    (run,) = system.ask("POST", "/flow_runs/filter", {"flows": {"name": {"any_": ["lonely"]}}})
    return run["id"]


def test_nothing_is_lost_when_the_program_and_the_server_die(fresh, tmp_path):
    port, directory = free_port(), tmp_path / "author"
    fresh.start("--no-worker", "--no-services", port=port)
    program = python(fresh, directory, "-c", PROGRAM, ORCHESTRATOR_DRAIN_SECONDS="60")
    eventually((directory / "ready").exists)
    run_id = the_only_run(fresh)
    os.kill(fresh.supervisor.pid, signal.SIGKILL)
    fresh.supervisor.wait()
    program.stdin.write("\n")
    program.stdin.flush()
    journal = directory / "home" / "journal"
    eventually(lambda: any(b'"kind":"end"' in file.read_bytes() for file in journal.glob("*/*.jsonl")))
    program.kill()
    program.communicate()

    fresh.start("--no-worker", "--no-services", port=port)
    assert fresh.flow_run(run_id)["state_type"] == "RUNNING"
    send = python(fresh, directory, "-m", "orchestrator", "journal", "send")
    said, _ = send.communicate()

    assert send.returncode == 0, said
    assert fresh.states(run_id) == ["Pending", "Running", "Completed"]
    assert sorted(run["state_name"] for run in fresh.task_runs(run_id)) == ["Completed"] * 20
    ticks = [line for line in fresh.logs(run_id) if line.startswith("tick ")]
    assert sorted(ticks) == sorted(f"tick {number}" for number in range(20))
    assert list(journal.glob("*/*")) == []


def test_a_run_of_a_worker_keeps_its_end(fresh):
    port = free_port()
    fresh.environment["ORCHESTRATOR_LEASE_SECONDS"] = "30"
    fresh.start("--no-worker", "--no-services", port=port)
    settings = {"ORCHESTRATOR_API_URL": f"{fresh.url}/api", "ORCHESTRATOR_DRAIN_SECONDS": "0.5"}
    fresh.command("worker", "start", environment=settings)
    eventually(fresh.workers)
    code = """
    @task
    def work():
        return 1

    @flow(log_prints=True)
    def main():
        print("begins")
        time.sleep(4)
        return work()
    """
    run_id = fresh.run(code)
    eventually(lambda: "begins" in fresh.logs(run_id))

    os.kill(fresh.supervisor.pid, signal.SIGKILL)
    fresh.supervisor.wait()
    eventually(lambda: "its claim is kept until" in fresh.output(), seconds=40)
    fresh.start("--no-worker", "--no-services", port=port)

    run = fresh.wait_for(run_id, "COMPLETED", seconds=30)
    assert run["run_count"] == 1
    assert fresh.states(run_id) == ["Scheduled", "Pending", "Running", "Completed"]
    assert [task["state_name"] for task in fresh.task_runs(run_id)] == ["Completed"]
