"""Calls exactly as tutorials of several generations write them. Each means what its reader expects."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta

import pydantic
import pytest

from orchestrator import (
    Completed,
    Deployment,
    PrefectException,
    RunInput,
    ShellOperation,
    StateType,
    UpstreamTaskError,
    Variable,
    emit_event,
    flow,
    get_run_logger,
    pause_flow_run,
    receive_input,
    runtime,
    send_input,
    task,
    task_input_hash,
)
from orchestrator.testing import harness


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


def test_sends_the_key_that_tutorials_export_for_prefect(http, monkeypatch):
    monkeypatch.delenv("ORCHESTRATOR_API_URL")
    monkeypatch.setenv("PREFECT_API_URL", http.url)
    monkeypatch.setenv("PREFECT_API_KEY", "my-key")

    my_workflow()

    assert {request.headers.get("authorization") for request in http.api.requests} == {"Bearer my-key"}


# Asking the server


def test_reads_runs_with_a_client(http):
    from orchestrator import FlowRunFilter, FlowRunFilterName, get_client

    my_workflow()

    async def newest():
        async with get_client() as client:
            return await client.read_flow_runs(
                flow_run_filter=FlowRunFilter(name=FlowRunFilterName(like_="")), limit=1, sort="START_TIME_DESC"
            )

    (run,) = asyncio.run(newest())

    assert run.state.is_completed()
    (asked,) = [request for request in http.api.requests if request.path == "/flow_runs/filter"]
    assert json.loads(asked.body)["limit"] == 1


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


# await state.result(), await task.submit(…), except UpstreamTaskError: …


def test_reads_states_and_futures_as_async_tutorials_do():
    @task
    async def double(x):
        return 2 * x

    @flow
    async def doubles():
        future = await double.submit(1)
        state = await double(2, return_state=True)
        return [await state.result(), await state.result(fetch=True), future.result(), (await future.get_state()).type]

    assert asyncio.run(doubles()) == [4, 4, 2, StateType.COMPLETED]


def test_blocks_in_async_code_where_tutorials_ask_for_it(api):
    @flow
    async def reads():
        return Completed(data=5).result(_sync=True), Variable.get("none", default=7, _sync=True)

    assert asyncio.run(reads()) == (5, 7)
    assert Variable.get("none", default=7, _sync=True) == 7


def test_names_runs_by_what_runtime_tells():
    seen = []

    def named():
        seen.append((runtime.flow_run.id, runtime.flow_run.name, runtime.flow_run.flow_name))
        return f"report of {runtime.flow_run.scheduled_start_time:%Y}"

    @flow(flow_run_name=named)
    def report():
        return runtime.flow_run.name

    assert report().startswith("report of 20")
    assert seen == [(None, None, "report")]


def test_waits_for_answers_as_chats_do(api):
    @flow
    async def chat():
        own = runtime.flow_run.id
        receiver = receive_input(str, timeout=None, poll_interval=0.1, key_prefix="mine")
        await send_input("hello", own, key_prefix="mine")
        await send_input("bye", own, key_prefix="mine")
        return await receiver.next(), await receiver.next()

    assert asyncio.run(chat()) == ("hello", "bye")


def test_asks_again_after_an_answer_that_does_not_fit():
    class Order(RunInput):
        size: int

        @pydantic.field_validator("size")
        @classmethod
        def small(cls, value):
            assert value < 10
            return value

    answers, refused = iter([{"size": 30}, {"size": 3}]), []

    @flow
    def order():
        while True:
            try:
                return pause_flow_run(wait_for_input=Order).size
            except pydantic.ValidationError as error:
                refused.extend(error.__notes__)

    with harness(resume_with=lambda: next(answers)):
        assert order() == 3
    assert len(refused) == 1
    assert "is no Order" in refused[0]


def test_names_what_is_caught_as_tutorials_do():
    @task
    def fails():
        raise ValueError("no")

    @flow
    def depends():
        try:
            say_hello(fails.submit())
        except UpstreamTaskError as error:
            return Completed(message=type(error).__name__, data=isinstance(error, PrefectException))

    assert depends() is True


# my_flow.deploy(…, image=…), .serve(…), .from_source(GitRepository(…)), triggers=[…]: as they stand in tutorials


def test_deploys_as_tutorials_do(api):
    from orchestrator import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, CronSchedule, DeploymentEventTrigger

    api.work_pools = {"my-docker-pool": {"image": {}}}
    my_workflow.deploy(
        name="my-deployment",
        work_pool_name="my-docker-pool",
        image="my-registry/my-image:v1",
        build=False,
        push=False,
        schedule=CronSchedule(cron="0 9 * * *", timezone="America/New_York"),
        is_schedule_active=True,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        triggers=[DeploymentEventTrigger(expect={"external.resource.pinged"}, match={"prefect.resource.id": "my.*"})],
        ignore_warnings=True,
    )

    made = api.deployments["my-deployment"]
    assert made["job_variables"] == {"image": "my-registry/my-image:v1"}
    assert made["paused"] is False
    assert made["schedules"][0]["schedule"]["cron"] == "0 9 * * *"
    assert made["concurrency_options"] == {"collision_strategy": "CANCEL_NEW"}
    assert api.automations[0]["name"] == "my-deployment__automation_1"


# trigger=all_finished, retry_on=, get_run_context(), @materialize(…): of earlier and later tutorials


def test_cleans_up_as_tutorials_do(api):
    from orchestrator import always_run

    @task(max_retries=1, retry_delay=timedelta(seconds=0), retry_on=ConnectionError)
    def create():
        raise ValueError("no cluster")

    @task(trigger=always_run, slug="delete-cluster")
    def delete(cluster):
        return f"deleted, after {cluster}"

    @flow(name="cluster")
    def with_cluster():
        return delete.submit(create.submit()).result()

    assert with_cluster() == "deleted, after no cluster"


def test_asks_for_its_context_as_tutorials_do():
    from orchestrator import FlowRunContext, get_logger, get_run_context

    @task
    def named():
        get_logger("tutorial").info("asking")
        return get_run_context().task_run.name, FlowRunContext.get().flow_run.name

    @flow(flow_run_name="mine")
    def asking():
        return named()

    task_run_name, flow_run_name = asking()
    assert task_run_name.startswith("named-")
    assert flow_run_name == "mine"


def test_makes_assets_as_tutorials_do():
    from orchestrator import Asset, AssetProperties, add_asset_metadata, materialize

    out = "s3://bucket/out"

    @materialize("s3://bucket/raw")
    def raw():
        return 1

    @materialize(Asset(key=out, properties=AssetProperties(name="Out", owners=["me"])), by="dbt")
    def made(x):
        add_asset_metadata(out, {"rows": 3})
        return x + 1

    @flow(name="assets")
    def assets():
        return made(raw())

    assert assets(return_state=True).result() == 2


# SlackWebhook in a hook, JSONSerializer(jsonlib=…), async with ShellOperation(…)


def test_sends_notifications_as_tutorials_do():
    from orchestrator import SlackWebhook

    told = []

    class Heard(SlackWebhook):
        _block_type_slug = "test-heard"

        def _send(self, client, body, subject):
            told.append((body, subject))

    slack = Heard(url="json://127.0.0.1:9/nobody")

    def notify_slack(flow, flow_run, state):
        slack.notify(f"Your job {flow_run.name} entered {state.name}", subject="Oh")

    @flow(on_failure=[notify_slack], flow_run_name="nightly")
    def failing():
        raise ValueError("no")

    @flow
    async def telling():
        await slack.notify("Hello from a flow!")

    failing(return_state=True)
    asyncio.run(telling())

    assert told == [("Your job nightly entered Failed", "Oh"), ("Hello from a flow!", None)]


def test_chooses_libraries_of_serializers_as_tutorials_do(tmp_path):
    from orchestrator import CompressedJSONSerializer, JSONSerializer, PickleSerializer

    @task(result_serializer=JSONSerializer(jsonlib="orjson"), persist_result=True)
    def as_json():
        return {"a": 1}

    @task(result_serializer=PickleSerializer(picklelib="pickle"), result_storage=tmp_path)
    def as_pickle():
        return {1, 2}

    @flow(result_serializer=CompressedJSONSerializer())
    def stored():
        return as_json(), as_pickle()

    assert stored() == ({"a": 1}, {1, 2})


def test_triggers_shell_operations_as_tutorials_do(tmp_path):
    @flow
    async def downloading():
        async with ShellOperation(commands=["touch done.txt", "echo ok"], working_dir=tmp_path) as operation:
            process = await operation.trigger()
            await process.wait_for_completion()
            return await process.fetch_result()

    assert asyncio.run(downloading()) == ["ok"]
    assert (tmp_path / "done.txt").exists()
