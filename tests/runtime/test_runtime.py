"""What code can find out about the run that executes it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from orchestrator import flow, runtime, tags, task
from orchestrator.contract.times import now
from orchestrator.runtime import deployment, flow_run, task_run
from orchestrator.sdk.errors import SettingError
from tests.sdk.own_thread import server_in_own_thread


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch):
    for name in ("ORCHESTRATOR_API_URL", "ORCHESTRATOR_FLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(db, monkeypatch):
    with server_in_own_thread(monkeypatch) as server:
        yield server


def everything(module):
    return {name: getattr(module, name) for name in dir(module)}


def test_is_empty_outside_of_runs():
    found = {**everything(flow_run), **everything(task_run), **everything(deployment)}

    assert all(value in (None, 0, [], {}) for value in found.values()), found


def test_is_found_on_every_way():
    statements = [
        "import orchestrator; assert orchestrator.runtime.flow_run.id is None",
        "from orchestrator import runtime; assert runtime.task_run.id is None",
        "import orchestrator.runtime; assert orchestrator.runtime.deployment.id is None",
        "from orchestrator.runtime.flow_run import name; assert name is None",
    ]
    for statement in statements:
        subprocess.run([sys.executable, "-c", statement], check=True)


def test_says_which_name_is_unknown():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = flow_run.nonsense


class TestInAFlow:
    def test_knows_the_run_without_a_server(self):
        @flow(name="my flow", version="7", flow_run_name="run of {x}")
        def asks(x):
            return everything(runtime.flow_run)

        with tags("b", "a"):
            found = asks(3)

        assert found["id"]
        assert found["name"] == "run of 3"
        assert found["parameters"] == {"x": 3}
        assert found["tags"] == ["a", "b"]
        assert found["flow_name"] == "my flow"
        assert found["flow_version"] == "7"
        assert found["run_count"] == 1
        assert found["parent_flow_run_id"] is None
        assert found["root_flow_run_id"] == found["id"]
        assert abs((found["scheduled_start_time"] - now()).total_seconds()) < 60

    def test_knows_where_the_run_is_shown(self, server):
        @flow
        def asks():
            return flow_run.ui_url

        assert asks().startswith("http://ui.test/runs/flow-run/")

    def test_counts_executions(self):
        counts = []

        @flow(retries=1)
        def asks():
            counts.append(flow_run.run_count)
            if len(counts) == 1:
                raise ValueError("once")

        asks()

        assert counts == [1, 2]

    def test_knows_who_encloses_a_subflow(self, server):
        @flow
        def inner():
            return flow_run.id, flow_run.parent_flow_run_id, flow_run.root_flow_run_id

        @flow
        def middle():
            return flow_run.id, inner()

        @flow
        def outer():
            return flow_run.id, middle()

        outer_id, (middle_id, (inner_id, parent, root)) = outer()

        assert (parent, root) == (middle_id, outer_id)
        assert len({outer_id, middle_id, inner_id}) == 3


class TestInATask:
    def test_knows_the_run(self):
        @task(tags=["t"], task_run_name="of {x}")
        def asks(x):
            return everything(task_run), flow_run.id

        @flow
        def parent():
            return flow_run.id, asks(3)

        flow_run_id, (found, seen_flow_run_id) = parent()

        assert found["id"]
        assert (found["name"], found["task_name"], found["tags"]) == ("of 3", "asks", ["t"])
        assert found["parameters"] == {"x": 3}
        assert found["run_count"] == 1
        assert seen_flow_run_id == flow_run_id

    def test_has_results_where_parameters_were_futures(self):
        @task
        def one():
            return 1

        @task
        def asks(x):
            return task_run.parameters

        @flow
        def parent():
            return asks.submit(one.submit()).result()

        assert parent() == {"x": 1}


def test_is_there_for_functions_that_make_names():
    @task(task_run_name=lambda: f"{task_run.task_name} of {task_run.parameters['x']} in {flow_run.flow_name}")
    def named(x):
        return task_run.name

    @flow(name="naming", flow_run_name=lambda: f"{flow_run.flow_name} {flow_run.parameters['x']}")
    def names(x):
        return flow_run.name, named(3), named.submit(4).result()

    assert names("a") == ("naming a", "named of 3 in naming", "named of 4 in naming")


class TestInADeployment:
    def test_knows_the_deployment(self, server):
        @flow(name="deployed")
        def asks(x=1, y=2):
            return everything(deployment), flow_run.job_variables, flow_run.flow_version

        from orchestrator.sdk.flows.claimed_runs import run_claimed_flow

        deployment_id = asks.deploy("d", version="3", parameters={"y": 5}, print_next_steps=False)
        body = {"parameters": {"x": 4}, "job_variables": {"a": "b"}}
        made = server.ask("POST", f"/deployments/{deployment_id}/create_flow_run", body)
        server.set_state(made["id"], "PENDING")
        state = run_claimed_flow(asks, flow_run=server.ask("GET", f"/flow_runs/{made['id']}"))

        found, job_variables, _ = state.result()
        assert (found["id"], found["name"], found["version"]) == (deployment_id, "d", "3")
        assert found["parameters"] == {"x": 4, "y": 5}
        assert found["flow_run_id"] == made["id"]
        assert job_variables == {"a": "b"}

    def test_knows_what_run_started_this_program(self, server, monkeypatch):
        @flow(name="quick")
        def quick(x=1): ...

        quick()
        made = server.the_run("quick")
        monkeypatch.setenv("ORCHESTRATOR_FLOW_RUN_ID", made["id"])

        assert (flow_run.id, flow_run.name, flow_run.flow_name) == (made["id"], made["name"], "quick")
        assert flow_run.parameters == {"x": 1}


class TestAnOverride:
    # attribute, text in the environment, value
    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("name", "mine", "mine"),
            ("run_count", "3", 3),
            ("tags", "a, b", ["a", "b"]),
            ("tags", '["a"]', ["a"]),
            ("parameters", '{"x": 1}', {"x": 1}),
            ("scheduled_start_time", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            ("made_up", "anything", "anything"),
        ],
    )
    def test_takes_the_place_of_the_value(self, monkeypatch, name, text, value):
        monkeypatch.setenv(f"ORCHESTRATOR__RUNTIME__FLOW_RUN__{name.upper()}", text)

        assert getattr(flow_run, name) == value

    def test_is_one_for_each_module(self, monkeypatch):
        monkeypatch.setenv("ORCHESTRATOR__RUNTIME__TASK_RUN__NAME", "mine")
        monkeypatch.setenv("ORCHESTRATOR__RUNTIME__DEPLOYMENT__NAME", "ours")

        assert (task_run.name, deployment.name, flow_run.name) == ("mine", "ours", None)

    def test_that_cannot_be_used_is_named(self, monkeypatch):
        monkeypatch.setenv("ORCHESTRATOR__RUNTIME__FLOW_RUN__RUN_COUNT", "three")

        with pytest.raises(SettingError, match="FLOW_RUN__RUN_COUNT is 'three'"):
            _ = flow_run.run_count


class TestAGetter:
    def test_gives_what_the_attribute_gives(self):
        @task
        def asked():
            return task_run.get_id() == task_run.id, task_run.get_task_name(), task_run.get_task_run_ui_url()

        @flow
        def asking(number):
            told = flow_run.get_id() == flow_run.id, flow_run.get_name() == flow_run.name, flow_run.get_parameters()
            return told, asked(), deployment.get_id()

        assert asking(5) == ((True, True, {"number": 5}), (True, "asked", None), None)

    def test_gives_nothing_outside_of_runs(self):
        assert flow_run.get_id() is None
        assert flow_run.get_tags() == []
        assert flow_run.get_flow_run_api_url() is None

    def test_is_there_for_every_attribute(self):
        for module in (flow_run, task_run, deployment):
            assert all(callable(getattr(module, f"get_{name}")) for name in dir(module))

    def test_is_not_there_for_anything_else(self):
        with pytest.raises(AttributeError, match="get_colour"):
            flow_run.get_colour()
