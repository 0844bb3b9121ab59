"""Programs that die, or only seem to; and runs that are to be cancelled and do not want to."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

# Patience for a machine on which other whole systems start at the same time.
QUICK = {"ORCHESTRATOR_ZOMBIE_SECONDS": "7", "ORCHESTRATOR_HEARTBEAT_SECONDS": "1"}
SCRIPT = """
import time
from orchestrator import flow, task

@task
def step():
    {work}

@flow(name="{name}")
def main():
    step()

main()
"""


@pytest.fixture(scope="module")
def system(backend, tmp_path_factory):
    system = System(tmp_path_factory.mktemp("home"), {**backend, **QUICK}).start()
    yield system
    system.stop()
    print(system.output())
    assert system.left_over() == []


def script(system, name, work):
    """A program that runs a flow without any worker, and its run."""
    code = textwrap.dedent(SCRIPT).format(name=name, work=work)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**system.environment, "ORCHESTRATOR_API_URL": f"{system.url}/api", "ORCHESTRATOR_DRAIN_SECONDS": "5"},
        stdout=system.log,
        stderr=system.log,
    )
    system.processes.append(process)
    wanted = {"flows": {"name": {"any_": [name]}}}
    run_id = eventually(lambda: system.ask("POST", "/flow_runs/filter", wanted))[0]["id"]
    system.wait_for(run_id, "RUNNING")
    beats = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [_resource(run_id)]}}}
    eventually(lambda: system.ask("POST", "/events/filter", beats)["total"])
    return process, run_id


def _resource(run_id):
    return f"prefect.flow-run.{run_id}"


def test_a_program_that_is_killed_is_found_and_its_run_crashes(system):
    process, run_id = script(system, "killed", "time.sleep(600)")

    process.kill()

    run = system.wait_for(run_id, "CRASHED", seconds=20)
    assert f"(process {process.pid} on " in run["state"]["message"]
    assert [task["state_type"] for task in system.task_runs(run_id)] == ["CRASHED"]


def test_a_program_that_was_suspended_is_refused_when_it_comes_back(system):
    process, run_id = script(system, "suspended", "time.sleep(8)")

    process.send_signal(signal.SIGSTOP)
    system.wait_for(run_id, "CRASHED", seconds=20)
    process.send_signal(signal.SIGCONT)

    process.wait(30)
    assert system.flow_run(run_id)["state_type"] == "CRASHED"
    assert "was taken for dead" in system.output()


def test_a_program_that_only_computes_goes_on(system):
    process, run_id = script(system, "busy", "sum(n * n for n in range(2 * 10**8))")

    system.wait_for(run_id, "COMPLETED", seconds=60)
    assert process.wait(20) == 0


def test_a_run_that_swallows_every_stop_is_killed_with_what_it_started(system):
    run_id = system.run(
        """
        import subprocess

        def told(flow, flow_run, state):
            print("told of", state.name)

        @flow(log_prints=True, on_cancellation=[told])
        def main():
            signal.signal(signal.SIGTERM, lambda *_: None)
            print("pid", subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
            while True:
                try:
                    time.sleep(600)
                except BaseException:
                    pass
        """,
        file="stubborn.py",
        cancel_grace_seconds=1,
    )
    system.wait_for(run_id, "RUNNING")
    pid = eventually(lambda: [int(line.split()[1]) for line in system.logs(run_id) if line.startswith("pid ")])[0]

    system.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})

    run = system.wait_for(run_id, "CANCELLED", seconds=30)
    assert "killed with SIGKILL" in run["state"]["message"]
    assert system.states(run_id)[-2:] == ["Cancelling", "Cancelled"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    eventually(lambda: any("hook 'told'" in line for line in system.logs(run_id)))


def test_a_run_that_lets_itself_be_cancelled_is_so_within_two_seconds(system):
    run_id = system.run("@flow\ndef main():\n    time.sleep(600)\n", file="willing.py")
    system.wait_for(run_id, "RUNNING")

    system.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})

    run = system.wait_for(run_id, "CANCELLED", seconds=3)
    assert "it stopped by itself after" in run["state"]["message"]
