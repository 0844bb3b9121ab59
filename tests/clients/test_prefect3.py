"""The unmodified Prefect 3 client against a server as a user starts it: nothing is set but its API URL."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

HERE = Path(__file__).parent / "prefect3"

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("home")).start("--no-worker", "--no-services")
    yield system
    system.stop()
    print(system.output())


@pytest.fixture(scope="module")
def outcomes(prefect3_python, system, tmp_path_factory):
    """What each flow came to in the client, by the name of its function."""
    environment = {
        **os.environ,
        "PREFECT_API_URL": f"{system.url}/api",
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")),
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(
        [prefect3_python, HERE / "flows.py"], env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("flow", "state", "result"),
    [
        ("sequence", "COMPLETED/Completed", 6),
        ("mapped", "COMPLETED/Completed", [3, 4, 5]),
        ("retried_task", "COMPLETED/Completed", "second attempt"),
        ("retried_flow", "COMPLETED/Completed", "second attempt"),
        ("named", "COMPLETED/AllGood", None),
        ("parent", "COMPLETED/Completed", 6),
        ("failing", "FAILED/Failed", None),
        ("timed_out", "FAILED/Failed", None),
    ],
)
def test_agrees_with_the_client_about_how_a_run_ended(system, outcomes, flow, state, result):
    outcome = outcomes[flow]

    run = system.flow_run(outcome["id"])
    assert f"{outcome['type']}/{outcome['name']}" == state
    assert f"{run['state_type']}/{run['state_name']}" == state
    if result is not None:
        assert outcome["result"] == result


def test_keeps_the_history_of_a_retried_flow(system, outcomes):
    states = system.states(outcomes["retried_flow"]["id"])

    assert states[:3] == ["Pending", "Running", "AwaitingRetry"]
    assert states[-1] == "Completed"
    assert system.flow_run(outcomes["retried_flow"]["id"])["run_count"] == 2


@pytest.mark.parametrize(
    ("flow", "ended"),
    [
        ("sequence", ["Completed", "Completed"]),
        ("mapped", ["Completed"] * 4),
        ("retried_task", ["Completed"]),
        ("timed_out", ["TimedOut"]),
        ("failing", []),
        ("parent", ["Completed"]),  # the task run that stands for the subflow
    ],
)
def test_records_the_task_runs_that_the_client_reports_as_events(system, outcomes, flow, ended):
    run_id = outcomes[flow]["id"]

    task_runs = eventually(lambda: _if_all(system.task_runs(run_id), len(ended)))

    assert sorted(run["state_name"] for run in task_runs["rows"]) == ended


def test_keeps_what_flows_and_tasks_log(system, outcomes):
    logs = system.logs(outcomes["sequence"]["id"])

    assert "printed by the flow" in logs
    assert "adding 3 and 3" in logs
    assert "Finished in state Completed()" in logs


def test_draws_the_edges_between_mapped_tasks(system, outcomes):
    graph = system.ask("GET", f"/flow_runs/{outcomes['mapped']['id']}/graph-v2")

    nodes = [node for _, node in graph["nodes"]]
    assert sorted(len(node["parents"]) for node in nodes) == [0, 1, 1, 1]


def test_shows_a_subflow_as_a_flow_run(system, outcomes):
    graph = system.ask("GET", f"/flow_runs/{outcomes['parent']['id']}/graph-v2")

    assert [node["kind"] for _, node in graph["nodes"]] == ["flow-run"]


def _if_all(rows, count):
    """The rows when all have arrived and ended: they come through the event stream, a moment later."""
    ended = [row for row in rows if row["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}]
    return {"rows": ended} if len(ended) == count == len(rows) else None
