"""The unmodified Prefect 3 client and a server that is closed, protected and served below a path."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import HttpTransport
from tests.e2e.system import System
from tests.waiting import eventually

HERE = Path(__file__).parent / "prefect3"

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    settings = {
        "ORCHESTRATOR_API_AUTH": "required",
        "ORCHESTRATOR_CSRF_PROTECTION": "true",
        "ORCHESTRATOR_PUBLIC_URL": "http://127.0.0.1:4200/orchestrator",
    }
    system = System(tmp_path_factory.mktemp("home"), settings)
    system.start("--no-worker", "--no-services")
    yield system
    system.stop()
    print(system.output())


@pytest.fixture(scope="module")
def key(system):
    made = system.command("api-key", "create", "client", stdout=subprocess.PIPE)
    return made.communicate(timeout=60)[0].decode().strip()


@pytest.fixture(scope="module")
def environment(system, key, tmp_path_factory):
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        "PREFECT_API_URL": f"{system.url}/orchestrator/api",
        "PREFECT_API_AUTH_STRING": key,  # the one credential that the client also shows on its sockets
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "DO_NOT_TRACK": "1",
    }


@pytest.fixture(scope="module")
def friend(system, key):
    return Client(HttpTransport(f"{system.url}/orchestrator/api", timeout_seconds=20), api_key=key)


def test_records_runs_tasks_and_logs_of_a_client_with_a_key(prefect3_python, environment, friend):
    done = subprocess.run(
        [prefect3_python, HERE / "one_task.py"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    run = done.stdout.split("RUN ")[-1].strip()
    of_run = {"flow_runs": {"id": {"any_": [run]}}}
    assert friend.ask("GET", f"/flow_runs/{run}")["state_type"] == "COMPLETED"
    # Task runs travel over the socket of events.
    assert eventually(lambda: friend.ask("POST", "/task_runs/filter", of_run), seconds=20)
    logs = {"logs": {"flow_run_id": {"any_": [run]}}}
    assert eventually(lambda: "here" in [line["message"] for line in friend.ask("POST", "/logs/filter", logs)])


def test_keeps_a_worker_connected(prefect3_python, environment, friend):
    command = [
        prefect3_python,
        "-m",
        "prefect",
        "worker",
        "start",
        "--pool",
        "theirs",
        "--type",
        "process",
        "--run-once",
    ]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    assert "the worker channel is healthy" in done.stdout + done.stderr
    assert friend.ask("GET", "/work_pools/theirs")["status"] == "READY"
