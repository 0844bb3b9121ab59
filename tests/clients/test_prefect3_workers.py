"""Work pools as the unmodified Prefect 3 client sees them: its workers, and its command line."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

ENGINE = Path(__file__).parent / "prefect3" / "stand_in_for_the_engine.py"
WORKERS = 3
LIMIT_OF_POOL, LIMIT_OF_LATER = 3, 1
URGENT, LATER = 14, 6

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("home")).start("--no-worker", "--no-services")
    yield system
    system.stop()
    print(system.output())


@pytest.fixture
def environment(system, tmp_path):
    return {
        **os.environ,
        "PREFECT_API_URL": f"{system.url}/api",
        "PREFECT_HOME": str(tmp_path),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
        "DONE": str(tmp_path / "done.txt"),
    }


@pytest.fixture
def workers(prefect3_python, environment):
    processes = []

    def start(pool, count):
        for number in range(count):
            command = [prefect3_python, "-m", "prefect", "worker", "start", "--pool", pool, "--name", f"w{number}"]
            processes.append(subprocess.Popen(command, env=environment, start_new_session=True))

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_several_workers_execute_every_run_once_within_limits_and_by_priority(
    system, workers, environment, prefect3_python
):
    done = Path(environment["DONE"])
    system.ask("POST", "/work_pools/", {"name": "several", "type": "process", "concurrency_limit": LIMIT_OF_POOL})
    queue = {"name": "later", "priority": 2, "concurrency_limit": LIMIT_OF_LATER}
    system.ask("POST", "/work_pools/several/queues", queue)
    flow = system.ask("POST", "/flows/", {"name": "several"})
    deployment = {
        "name": "several",
        "flow_id": flow["id"],
        "work_pool_name": "several",
        "entrypoint": "unused.py:main",
        "job_variables": {"command": f"{prefect3_python} {ENGINE}", "env": {"DONE": str(done)}},
    }
    deployment_id = system.ask("POST", "/deployments/", deployment)["id"]

    def make(count, **options):
        path = f"/deployments/{deployment_id}/create_flow_run"
        return [system.ask("POST", path, options)["id"] for _ in range(count)]

    later, urgent = make(LATER, work_queue_name="later"), make(URGENT)
    workers("several", WORKERS)

    eventually(lambda: done.exists() and len(done.read_text().splitlines()) >= LATER + URGENT, seconds=120)
    spans = {line.split()[0]: tuple(map(float, line.split()[1:])) for line in done.read_text().splitlines()}

    assert Counter(line.split()[0] for line in done.read_text().splitlines()) == Counter(later + urgent)
    assert most_at_once(spans.values()) <= LIMIT_OF_POOL
    assert most_at_once([spans[run] for run in later]) <= LIMIT_OF_LATER
    assert mean_begin(spans, urgent) < mean_begin(spans, later)


def test_the_command_line_makes_pools_of_every_type_it_knows(environment, prefect3_python, system):
    def prefect(*arguments):
        command = [prefect3_python, "-m", "prefect", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    template = json.loads(prefect("work-pool", "get-default-base-job-template", "--type", "celery"))
    prefect("work-pool", "create", "ours", "--type", "celery")
    prefect("work-pool", "create", "theirs", "--type", "kubernetes")

    assert "cancel_grace_seconds" in template["variables"]["properties"]
    assert system.ask("GET", "/work_pools/ours")["base_job_template"] == template
    assert system.ask("GET", "/work_pools/theirs")["base_job_template"]["job_configuration"]


def most_at_once(spans):
    moments = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    most = now = 0
    for _, change in moments:
        now += change
        most = max(most, now)
    return most


def mean_begin(spans, runs):
    return sum(spans[run][0] for run in runs) / len(runs)
