"""Our SDK against the unmodified server of Prefect 3: flows do not notice whose server it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import (
    Completed,
    CronSchedule,
    DeploymentEventTrigger,
    FlowRunFilter,
    FlowRunSort,
    Interval,
    ObjectAlreadyExists,
    ObjectNotFound,
    WorkPoolCreate,
    deploy,
    flow,
    get_client,
    wait_for_flow_run,
)
from orchestrator.sdk.api.client import Client, use_client
from orchestrator.sdk.api.transport import HttpTransport
from tests.clients.environments import ROOT
from tests.services import free_port
from tests.waiting import eventually

HERE = Path(__file__).parent / "prefect3"

pytestmark = pytest.mark.e2e


@flow(name="counted")
def _counted(x: str = "") -> None: ...


@pytest.fixture(scope="module")
def server(prefect3_python, tmp_path_factory):
    """A client of a Prefect server that was started for this module."""
    home = tmp_path_factory.mktemp("prefect-server")
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ORCHESTRATOR_"))},
        "PREFECT_HOME": str(home),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home}/prefect.db",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [prefect3_python, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "log.txt").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        client = Client(HttpTransport(f"http://127.0.0.1:{port}/api", timeout_seconds=20))
        eventually(lambda: process.poll() is not None or _is_up(client), seconds=120)
        assert process.poll() is None, (home / "log.txt").read_text()
        yield client
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def outcomes(server, tmp_path_factory):
    """What each of our flows came to, by the name of its function; see `prefect3/our_flows.py`."""
    done = subprocess.run(
        [sys.executable, HERE / "our_flows.py"],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")},
            "ORCHESTRATOR_API_URL": server.transport.address,
            "ORCHESTRATOR_HOME": str(tmp_path_factory.mktemp("home")),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "refused" not in done.stderr, done.stderr
    return {"said": done.stderr, **json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    ("flow", "states"),
    [
        ("hello", ["Pending", "Running", "Completed"]),
        ("mapped", ["Pending", "Running", "Completed"]),
        ("retried_task", ["Pending", "Running", "Completed"]),
        ("retried_flow", ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]),
        ("parent", ["Pending", "Running", "Completed"]),
        ("in_async_code", ["Pending", "Running", "Completed"]),
        ("failing", ["Pending", "Running", "Failed"]),
        ("timed_out", ["Pending", "Running", "TimedOut"]),
    ],
)
def test_goes_through_the_states(server, outcomes, flow, states):
    run_id = outcomes[flow]["id"]

    history = server.ask("GET", f"/flow_run_states/?flow_run_id={run_id}")

    assert [state["name"] for state in sorted(history, key=lambda state: state["timestamp"])] == states


def test_gives_the_results(outcomes):
    results = {name: outcome["result"] for name, outcome in outcomes.items() if name != "said"}

    assert results["hello"] == 3
    assert results["mapped"] == [4, 8, 12]
    assert results["retried_task"] == results["retried_flow"] == "second attempt"
    assert results["parent"] == 8
    assert results["in_async_code"] == [1, 2]


@pytest.mark.parametrize(
    ("flow", "ended"),
    [
        ("hello", ["Completed"]),
        ("mapped", ["Completed"] * 6),
        ("retried_task", ["Completed"]),
        ("parent", ["Completed"]),
        ("failing", ["Failed"]),
    ],
)
def test_tells_of_its_task_runs(server, outcomes, flow, ended):
    wanted = {"flow_runs": {"id": {"any_": [outcomes[flow]["id"]]}}}

    task_runs = eventually(lambda: _all_ended(server.ask("POST", "/task_runs/filter", wanted), len(ended)))

    assert [run["state_name"] for run in task_runs] == ended


def test_counts_the_attempts_of_a_task(server, outcomes):
    wanted = {"flow_runs": {"id": {"any_": [outcomes["retried_task"]["id"]]}}}

    (run,) = eventually(lambda: _all_ended(server.ask("POST", "/task_runs/filter", wanted), 1))

    assert run["run_count"] == 2


def test_draws_the_edges_between_tasks(server, outcomes):
    wanted = {"flow_runs": {"id": {"any_": [outcomes["mapped"]["id"]]}}}
    eventually(lambda: _all_ended(server.ask("POST", "/task_runs/filter", wanted), 6))

    graph = server.ask("GET", f"/flow_runs/{outcomes['mapped']['id']}/graph-v2")

    assert sorted(len(node["parents"]) for _, node in graph["nodes"]) == [0, 0, 0, 1, 1, 1]


def test_makes_a_subflow_of_a_flow_that_is_called(server, outcomes):
    graph = server.ask("GET", f"/flow_runs/{outcomes['parent']['id']}/graph-v2")

    assert [node["kind"] for _, node in graph["nodes"]] == ["flow-run"]


def test_sends_its_logs_once(server, outcomes):
    body = {"logs": {"flow_run_id": {"any_": [outcomes["hello"]["id"]]}}, "sort": "TIMESTAMP_ASC"}

    messages = eventually(lambda: _with_end([log["message"] for log in server.ask("POST", "/logs/filter", body)]))

    assert [message for message in messages if message in ("hello", "from a task")] == ["hello", "from a task"]


def test_pauses_for_an_answer(outcomes):
    assert outcomes["paused"]["result"] == 7


def test_emits_events(server, outcomes):
    body = {"filter": {"event": {"name": ["our.event"]}}}

    (event,) = eventually(lambda: server.ask("POST", "/events/filter", body)["events"])

    assert f"prefect.flow-run.{outcomes['with_things']['id']}" in [
        each["prefect.resource.id"] for each in event["related"]
    ]


def test_keeps_variables_secrets_and_artifacts(server, outcomes):
    assert outcomes["with_things"]["result"] == {"threshold": 5, "secret": "hush"}

    (artifact,) = server.ask("POST", "/artifacts/filter", {"artifacts": {"key": {"any_": ["our-report"]}}})
    assert (artifact["type"], artifact["data"]) == ("markdown", "# All is well")
    assert artifact["flow_run_id"] == outcomes["with_things"]["id"]


def test_answers_our_client(server):
    """Every room of `get_client()`: what it sends is taken there, and what is answered is understood."""
    with use_client(server), get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="our-pool", type="process"), overwrite=True)
        flow_id = client.create_flow_from_name("asked")
        deployment_id = client.create_deployment(flow_id, "daily", work_pool_name="our-pool", entrypoint="a.py:a")
        (schedule,) = client.create_deployment_schedules(deployment_id, [Interval(900, slug="often")])
        client.update_deployment_schedule(deployment_id, schedule.id, active=False)
        client.pause_deployment(deployment_id)
        client.update_deployment(deployment_id, {"description": "every day"})
        deployment = client.read_deployment_by_name("asked/daily")
        assert (deployment.paused, deployment.description) == (True, "every day")
        assert deployment.schedules[0].schedule.interval.total_seconds() == 900
        client.delete_deployment_schedule(deployment_id, schedule.id)

        run = client.create_flow_run_from_deployment(deployment_id, tags=["ours"])
        result = client.set_flow_run_state(run.id, Completed(message="by hand"), force=True)
        assert (result.status, result.state.message) == ("ACCEPT", "by hand")
        completed = FlowRunFilter(tags={"all_": ["ours"]}, state={"type": {"any_": ["COMPLETED"]}})
        assert (
            client.read_flow_runs(flow_run_filter=completed, sort=FlowRunSort.START_TIME_DESC, limit=5)[0].id == run.id
        )
        assert client.count_flow_runs(flow_run_filter=completed) == 1
        assert [state.name for state in client.read_flow_run_states(run.id)] == ["Scheduled", "Completed"]
        line = {"name": "me", "level": 20, "message": "hello", "timestamp": "2026-01-01T00:00:00Z"}
        client.create_logs([{**line, "flow_run_id": run.id}])
        assert client.read_logs({"flow_run_id": {"any_": [run.id]}}, limit=1)[0].message == "hello"

        client.upsert_global_concurrency_limit_by_name("our-limit", 2)
        client.upsert_global_concurrency_limit_by_name("our-limit", 3)
        assert client.read_global_concurrency_limit_by_name("our-limit").limit == 3
        client.create_concurrency_limit("our-tag", 1)
        client.delete_concurrency_limit_by_tag("our-tag")
        client.create_variable({"name": "asked", "value": 1})
        client.update_variable({"name": "asked", "value": 2})
        assert client.read_variable_by_name("asked").value == 2
        client.create_artifact({"key": "asked", "type": "markdown", "data": "#"})
        assert [each.key for each in client.read_latest_artifacts(artifact_filter={"key": {"any_": ["asked"]}})] == [
            "asked"
        ]
        queue = client.create_work_queue("urgent", work_pool_name="our-pool")
        assert queue.id in {each.id for each in client.read_work_queues("our-pool")}
        assert client.read_workers_for_work_pool("our-pool") == []
        automation_id = client.create_automation(AUTOMATION)
        client.pause_automation(automation_id)
        assert client.find_automation("asked").enabled is False
        assert client.read_block_type_by_slug("secret").name == "Secret"
        assert client.read_events({"event": {"prefix": ["prefect."]}}, limit=60).total >= 0
        assert (client.api_healthcheck(), client.api_version()) == (None, "3.8.8")

        client.delete_flow_run(run.id)
        with pytest.raises(ObjectNotFound):
            client.read_flow_run(run.id)
        with pytest.raises(ObjectAlreadyExists):
            client.create_variable({"name": "asked", "value": 3})


AUTOMATION = {
    "name": "asked",
    "trigger": {"type": "event", "posture": "Reactive", "expect": ["x"], "threshold": 1, "within": 0},
    "actions": [{"type": "do-nothing"}],
}


def _is_up(client):
    from orchestrator.sdk.errors import OrchestratorError

    try:
        return client.ask("GET", "/health", patience_seconds=0)
    except OrchestratorError:
        return False


def _all_ended(rows, count):
    ended = [row for row in rows if row["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}]
    return ended if len(ended) == count == len(rows) else None


def _with_end(messages):
    return messages if any(message.startswith("Finished in state") for message in messages) else None


def test_deploys_with_triggers_images_and_shared_limits(server):
    """Several at once, where the server takes one at a time."""
    server.ask("POST", "/v2/concurrency_limits/", {"name": "database", "limit": 2})
    template = {"job_configuration": {"image": "{{ image }}"}, "variables": {"properties": {"image": {}}}}
    server.ask("POST", "/work_pools/", {"name": "containers", "type": "docker", "base_job_template": template})
    trigger = DeploymentEventTrigger(name="on arrival", expect=["parcel.arrived"], parameters={"x": "{{ event.id }}"})

    with use_client(server):
        first, second = deploy(
            _counted.to_deployment("a", triggers=[trigger], global_concurrency_limit="database"),
            _counted.to_deployment("b", concurrency_limit=1, schedule=CronSchedule("0 6 * * *")),
            work_pool_name="containers",
            image="me/img:1",
            build=False,
            print_next_steps_message=False,
        )
        _counted.deploy(
            "a", "containers", triggers=[trigger], global_concurrency_limit="database", print_next_steps=False
        )
        run = server.ask("POST", f"/deployments/{second}/create_flow_run", {"state": {"type": "COMPLETED"}})

        assert wait_for_flow_run(run["id"], timeout=5).state.is_completed()
    made = server.ask("GET", f"/deployments/{first}")
    assert made["global_concurrency_limit"]["name"] == "database"
    owned = server.ask("GET", f"/automations/related-to/prefect.deployment.{first}")
    assert [each["name"] for each in owned] == ["on arrival"]
    assert server.ask("GET", f"/deployments/{second}")["job_variables"] == {"image": "me/img:1"}
