"""Workers of certain queues, and workers that come and go, in the whole system."""

from __future__ import annotations

import time

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

pytestmark = pytest.mark.e2e
QUICK = "@flow\ndef main(): pass"


@pytest.fixture
def system(tmp_path):
    system = System(tmp_path).start("--no-worker")
    yield system
    system.stop()
    print(system.output())


def worker(system, name, *queues):
    options = [part for queue in queues for part in ("--queue", queue)]
    environment = {"ORCHESTRATOR_API_URL": f"{system.url}/api", "ORCHESTRATOR_PROBE_SECONDS": "1"}
    return system.command("worker", "start", "--name", name, *options, environment=environment)


def state_of(system, name):
    found = system.ask("POST", "/work_pools/default/workers/filter", {})
    return next(((each["status"], each["broker_state"]) for each in found if each["name"] == name), None)


def test_brings_each_run_to_a_worker_of_its_queue_as_soon_as_there_is_one(system):
    system.ask("POST", "/work_pools/default/queues", {"name": "gpu ü 1.5*", "priority": 2})
    deployment = system.deploy(QUICK)
    path = f"/deployments/{deployment}/create_flow_run"
    gpu = system.ask("POST", path, {"work_queue_name": "gpu ü 1.5*"})["id"]
    plain = system.run_again(deployment)

    first = worker(system, "of-gpu", "gpu ü 1.5*")
    system.wait_for(gpu, "COMPLETED")
    eventually(lambda: state_of(system, "of-gpu") == ("ONLINE", "CONSUMING"))
    assert system.flow_run(plain)["state_type"] == "SCHEDULED"

    worker(system, "of-all")
    system.wait_for(plain, "COMPLETED", seconds=15)

    first.terminate()
    assert first.wait(15) == 0
    assert state_of(system, "of-gpu")[0] == "OFFLINE"
    left_at = time.monotonic()
    system.wait_for(system.ask("POST", path, {"work_queue_name": "gpu ü 1.5*"})["id"], "COMPLETED")
    assert time.monotonic() - left_at < 15
