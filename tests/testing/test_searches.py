"""Scripts that ask the server, in a test without one."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator import (
    ApiError,
    FlowRunFilter,
    Variable,
    create_markdown_artifact,
    flow,
    get_client,
    get_run_logger,
    tags,
    task,
)
from orchestrator.testing import harness


@task
def double(number):
    if number < 0:
        raise ValueError("too little")
    return number * 2


@flow(flow_run_name="run-{number}")
def work(number):
    get_run_logger().warning("works on %s", number)
    create_markdown_artifact("# done", key="report")
    return double(number)


@pytest.fixture
def client():
    with harness(), get_client(sync_client=True) as client:
        with tags("blue"):
            work(1)
        work(-1, return_state=True)
        yield client


def names(runs):
    return [run.name for run in runs]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["run--1", "run-1"]),
        ({"state": {"type": {"any_": ["FAILED"]}}}, ["run--1"]),
        ({"state": {"name": {"not_any_": ["Failed"]}}}, ["run-1"]),
        ({"tags": {"all_": ["blue"]}}, ["run-1"]),
        ({"name": {"like_": "RUN-1"}}, ["run-1"]),
        ({"name": {"any_": ["run-1"]}, "tags": {"is_null_": True}}, []),
        ({"name": {"any_": ["run-1"]}, "tags": {"is_null_": True}, "operator": "or_"}, ["run--1", "run-1"]),
        ({"start_time": {"after_": "2050-01-01T00:00:00Z"}}, []),
        ({"end_time": {"before_": "2050-01-01T00:00:00Z"}}, ["run--1", "run-1"]),
    ],
)
def test_finds_flow_runs(client, wanted, found):
    assert names(client.read_flow_runs(flow_run_filter=wanted)) == found
    assert client.count_flow_runs(flow_run_filter=wanted) == len(found)


def test_finds_what_belongs_together(client):
    failed = FlowRunFilter(state={"type": {"any_": ["FAILED"]}})

    assert [run.state_name for run in client.read_task_runs(flow_run_filter=failed)] == ["Failed"]
    assert names(client.read_flow_runs(task_run_filter={"state": {"type": {"any_": ["COMPLETED"]}}})) == ["run-1"]
    assert names(client.read_flow_runs(flow_filter={"name": {"any_": ["nobody"]}})) == []
    assert names(client.read_flows(flow_run_filter=failed)) == ["work"]
    assert [each.key for each in client.read_artifacts(flow_run_filter=failed)] == ["report"]


def test_sorts_and_cuts(client):
    assert names(client.read_flow_runs(sort="NAME_ASC", limit=1)) == ["run--1"]
    assert names(client.read_flow_runs(sort="NAME_ASC", limit=1, offset=1)) == ["run-1"]
    assert names(client.read_flow_runs(sort="START_TIME_DESC")) == ["run--1", "run-1"]


def test_reads_logs_states_and_variables(client):
    (run,) = client.read_flow_runs(flow_run_filter={"name": {"any_": ["run-1"]}})
    Variable.set("region", "eu")

    warnings = client.read_logs({"flow_run_id": {"any_": [run.id]}, "level": {"ge_": 30}})
    assert [log.message for log in warnings] == ["works on 1"]
    assert [state.name for state in client.read_flow_run_states(run.id)] == ["Pending", "Running", "Completed"]
    assert [each.value for each in client.read_variables()] == ["eu"]
    assert client.read_flow_by_name("work").id == run.flow_id


def test_answers_code_that_awaits():
    @flow
    async def last():
        async with get_client() as client:
            return names(await client.read_flow_runs(limit=1))

    with harness():
        work(1)
        assert asyncio.run(last()) != []


@pytest.mark.parametrize(
    "search",
    [
        {"deployment_filter": {"name": {"any_": ["daily"]}}},
        {"flow_run_filter": {"work_queue_name": {"any_": ["urgent"]}}},
    ],
)
def test_says_which_search_it_does_not_understand(client, search):
    with pytest.raises(ApiError, match="the test harness does not answer this search: ") as told:
        client.read_flow_runs(**search)

    assert told.value.status == 501
