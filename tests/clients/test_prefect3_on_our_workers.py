"""Deployments that the unmodified Prefect client makes, executed by our own Celery worker with Prefect beside it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

HERE = Path(__file__).parent / "prefect3"
FLOWS = ["greets", "sleeps", "does_not_listen", "is_killed_once", "suspends", "starts_another"]

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def system(prefect3_python, tmp_path_factory):
    environment = {
        "ORCHESTRATOR_PREFECT_PYTHON": str(prefect3_python),
        "ORCHESTRATOR_LEASE_SECONDS": "10",
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")),
        "DO_NOT_TRACK": "1",
    }
    system = System(tmp_path_factory.mktemp("home"), environment).start()
    yield system
    system.stop()
    print(system.output())
    assert system.left_over() == []


@pytest.fixture(scope="module")
def deployed(system, prefect3_python):
    """The ids of the deployments, by the names of the flows' functions."""
    done = subprocess.run(
        [prefect3_python, HERE / "deploys.py", *FLOWS],
        env={**os.environ, **system.environment, "PREFECT_API_URL": f"{system.url}/api"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def start(system, deployed):
    def start(flow, *, job_variables=None, **parameters):
        body = {"parameters": parameters, "job_variables": job_variables or {}}
        return system.ask("POST", f"/deployments/{deployed[flow]}/create_flow_run", body)["id"]

    return start


def test_executes_runs_with_their_tasks_subflows_retries_and_runs_of_others(system, start):
    starts_another = start("starts_another")

    system.wait_for(starts_another, "COMPLETED", seconds=90)

    runs = system.ask("POST", "/flow_runs/filter", {})
    (greets,) = [run["id"] for run in runs if run["parameters"] == {"name": "all"}]
    assert {run["state_name"] for run in runs} == {"Completed"}
    assert system.states(starts_another) == ["Scheduled", "Pending", "Running", "Completed"]
    assert system.states(greets) == ["Scheduled", "Pending", "Running", "AwaitingRetry", "Running", "Completed"]
    logs = eventually(lambda: "adding 1 and 2" in "".join(system.logs(greets)) and system.logs(greets))
    assert "hello all, GIVEN is a thing" in logs


def test_begins_a_run_again_whose_process_was_killed_and_one_that_was_suspended(system, start, tmp_path):
    killed = start("is_killed_once", marker=str(tmp_path / "killed"))
    suspended = start("suspends")

    system.wait_for(suspended, "PAUSED")
    system.ask("POST", f"/flow_runs/{suspended}/resume", {})

    system.wait_for(killed, "COMPLETED", seconds=90)
    system.wait_for(suspended, "COMPLETED", seconds=90)
    assert system.states(killed)[2:4] == ["Running", "AwaitingRetry"]
    assert "Suspended" in system.states(suspended)


def test_cancels_a_run_and_lets_its_hooks_be_called(system, start):
    quick = start("sleeps")
    deaf = start("does_not_listen", job_variables={"cancel_grace_seconds": 1})
    for run in (quick, deaf):
        system.wait_for(run, "RUNNING")
    # The code of the second has to come as far as not to listen.
    time.sleep(1.0)

    for run in (quick, deaf):
        system.ask("POST", f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})

    for run in (quick, deaf):
        system.wait_for(run, "CANCELLED")
        eventually(lambda run=run: [line for line in system.logs(run) if "the hook of" in line])
    assert "its processes were killed" in system.flow_run(deaf)["state"]["message"]


def test_crashes_what_it_has_no_interpreter_for(system, start):
    nowhere = start("greets", job_variables={"python": "/no/such/python"})
    without = start("greets", job_variables={"python": os.path.realpath("/usr/bin/python3")})

    message = system.wait_for(nowhere, "CRASHED")["state"]["message"]
    other = system.wait_for(without, "CRASHED")["state"]["message"]

    assert message == "The job variable python names '/no/such/python', which is no interpreter on this worker"
    assert "pip install prefect" in other
