"""Calls exactly as tutorials of several generations write them. Each means what its reader expects."""

from __future__ import annotations

import json
import sys

import pytest

from orchestrator import Deployment, ShellOperation, emit_event, flow, get_run_logger, task, task_input_hash


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path / "home"))


@task
def say_hello(name: str) -> str:
    return f"Hello, {name}!"


@flow(name="My Workflow", log_prints=True)
def my_workflow(name: str = "world") -> str:
    greeting = say_hello(name)
    print(greeting)
    return greeting


# @task(cache_expiration_seconds=3600)


def test_caches_for_a_number_of_seconds():
    executed = []

    @task(cache_key_fn=task_input_hash, cache_expiration_seconds=3600)
    def expensive(x):
        executed.append(x)
        return x * 2

    @flow
    def cached():
        return [expensive(2), expensive(2)]

    assert cached() == [4, 4]
    assert executed == [2]


def test_takes_an_expiration_in_seconds_without_a_key_function():
    @task(cache_expiration_seconds=3600)
    def alone(x):
        return x

    assert flow(lambda: alone(3))() == 3


# Deployment.build_from_flow(…), .to_yaml(), .load_from_yaml(), .apply()


def test_exports_a_deployment_and_applies_it_elsewhere(api, tmp_path):
    deployment = Deployment.build_from_flow(flow=my_workflow, name="my-deployment", work_pool_name="my-pool")
    deployment.to_yaml(str(tmp_path / "my_deployment.yaml"))

    loaded = Deployment.load_from_yaml(str(tmp_path / "my_deployment.yaml"))
    deployment_id = loaded.apply()

    assert api.deployments["my-deployment"]["id"] == deployment_id
    assert api.deployments["my-deployment"]["work_pool_name"] == "my-pool"
    assert api.flows.keys() == {"My Workflow"}


def test_takes_every_field_that_tutorials_name(api):
    deployment = Deployment.build_from_flow(
        flow=my_workflow,
        name="named",
        description="Says hello",
        version="1.0",
        tags=["tutorial"],
        parameters={"name": "Marvin"},
        work_pool_name="my-pool",
        work_queue_name="fast",
        infra_overrides={"env": {"LEVEL": "DEBUG"}},
        schedule={"cron": "0 0 * * *", "timezone": "UTC"},
    )

    deployment.apply()

    made = api.deployments["named"]
    told = (made["description"], made["version"], made["tags"], made["parameters"])
    assert told == ("Says hello", "1.0", ["tutorial"], {"name": "Marvin"})
    assert made["schedules"][0]["schedule"] == {"cron": "0 0 * * *", "timezone": "UTC"}
    assert deployment.work_pool["job_variables"] == {"env": {"LEVEL": "DEBUG"}}


# my_workflow.model_dump()


def test_dumps_a_flow_as_json():
    definition = json.loads(json.dumps(my_workflow.model_dump(), indent=2))

    assert definition["name"] == "My Workflow"
    assert definition["parameters"]["properties"]["name"]["default"] == "world"
    assert [found["name"] for found in definition["tasks"]] == ["say_hello"]


# ShellOperation(…)()


def test_calls_a_shell_operation():
    @flow
    def shell():
        return ShellOperation(commands=["echo one", "echo two"])()

    assert shell() == ["one", "two"]


def test_takes_all_options_of_a_shell_operation(tmp_path):
    @flow
    def shell():
        return ShellOperation(
            commands=["echo $GREETING", "pwd", "false", "echo still here"],
            env={"GREETING": "hello"},
            working_dir=str(tmp_path),
            stream_output=True,
            return_all=True,
            continue_on_error=True,
        )()

    assert shell() == ["hello", str(tmp_path), "still here"]


def test_triggers_a_shell_operation():
    with ShellOperation(commands=[f"{sys.executable} -c 'print(40 + 2)'"]) as operation:
        process = operation.trigger()
        process.wait_for_completion()

        assert process.fetch_result() == ["42"]


# An API key for a server of one's own


def test_sends_the_key_to_a_server_of_ones_own(http, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_API_KEY", "my-key")

    my_workflow()

    assert {request.headers.get("authorization") for request in http.api.requests} == {"Bearer my-key"}


# Events


def test_emits_an_event_from_a_task(api):
    @task
    def tell():
        get_run_logger().info("about to tell")
        emit_event(event="my.event", resource={"prefect.resource.id": "my.resource"}, payload={"a": 1})

    @flow
    def telling():
        tell()

    telling()

    (event,) = [each for each in api.events if each["event"] == "my.event"]
    assert (event["resource"]["prefect.resource.id"], event["payload"]) == ("my.resource", {"a": 1})
