"""`serve()` as a user has it: a script, beside a server without workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

SCRIPT = """
import time
from orchestrator import flow, get_run_logger, serve

@flow(log_prints=True)
def quick(x: int = 1):
    print("hello", x)

def told(flow, run, state):
    get_run_logger().info("told of %s", state.name)

@flow(on_crashed=[told])
def slow():
    while True:
        time.sleep(0.1)

@flow
def deaf():
    while True:
        try:
            time.sleep(100)
        except BaseException:
            pass

if __name__ == "__main__":
    serve(
        quick.to_deployment("q", interval=3600, tags=["t"]),
        slow.to_deployment("s"),
        deaf.to_deployment("d"),
        limit=2,
        drain_seconds=1,
        cancel_grace_seconds=2,
    )
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("serving"))
    try:
        yield system.start("--no-worker")
    finally:
        system.stop()


@pytest.fixture
def script(system):
    """The script while it serves; it is told to end afterwards."""
    (system.flows / "served.py").write_text(SCRIPT)
    environment = {**system.environment, "ORCHESTRATOR_API_URL": f"{system.url}/api"}
    process = subprocess.Popen(
        [sys.executable, str(system.flows / "served.py")],
        env=environment,
        stdout=system.log,
        stderr=system.log,
        start_new_session=True,
    )
    system.processes.append(process)
    eventually(lambda: system.ask("POST", "/deployments/filter", {"deployments": {"name": {"any_": ["d"]}}}))
    yield process
    process.terminate()
    process.wait(20)


def run(system, name, **body):
    deployment = system.ask("GET", f"/deployments/name/{name}")
    return str(system.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body)["id"])


def cancel(system, run_id):
    system.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})


def test_executes_and_cancels_and_tells_what_died(system, script):
    quick = run(system, "quick/q", parameters={"x": 5})
    slow = run(system, "slow/s")
    system.wait_for(quick, "COMPLETED")
    assert "hello 5" in system.logs(quick)
    system.wait_for(slow, "RUNNING")

    cancel(system, slow)
    ended = system.wait_for(slow, "CANCELLED")
    assert ended["state"]["message"].startswith("The run was cancelled")

    deaf, killed = run(system, "deaf/d"), run(system, "slow/s")
    system.wait_for(deaf, "RUNNING")
    system.wait_for(killed, "RUNNING")
    waiting = run(system, "quick/q")  # both places are taken
    cancel(system, deaf)
    ended = system.wait_for(deaf, "CANCELLED")
    assert "its process was ended after 2 s by signal 9 (SIGKILL)" in ended["state"]["message"]
    system.wait_for(waiting, "COMPLETED")

    os.kill(process_of(script.pid, killed), signal.SIGKILL)
    ended = system.wait_for(killed, "CRASHED")
    assert ended["state"]["message"] == "The process of the run died: signal 9 (SIGKILL)."
    eventually(lambda: "told of Crashed" in system.logs(killed))


def test_goes_on_when_the_server_was_away(system, script):
    run_id = run(system, "slow/s")
    system.wait_for(run_id, "RUNNING")

    system.kill("web")
    time.sleep(1)

    system.wait_for(run(system, "quick/q"), "COMPLETED")
    assert system.flow_run(run_id)["state_type"] == "RUNNING"


def test_ends_its_runs_and_pauses_its_deployments_when_it_is_told_to_end(system, script):
    run_id = run(system, "slow/s")
    system.wait_for(run_id, "RUNNING")

    script.terminate()
    code = script.wait(20)

    ended = system.wait_for(run_id, "CRASHED")
    assert (code, ended["state"]["message"]) == (0, "The process that served the deployment has ended.")
    assert system.ask("GET", "/deployments/name/slow/s")["paused"] is True


def process_of(pid, run_id):
    """The child that executes the run."""
    for child in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split():
        with open(f"/proc/{child}/environ", "rb") as environment:
            if f"ORCHESTRATOR_FLOW_RUN_ID={run_id}\0".encode() in environment.read():
                return int(child)
    raise AssertionError(f"no process executes {run_id}")
