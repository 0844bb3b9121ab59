from __future__ import annotations

import pytest

from orchestrator import flow, task


@task
def echo(x):
    return x


@flow
def child(x):
    return echo(x)


@flow
def bad_child():
    raise ValueError("child died")


def test_is_tracked_by_a_task_run_of_its_parent(api):
    @flow
    def parent():
        return child(1000) + child(echo.submit(2000))

    assert parent() == 3000

    top, first, second = api.flow_runs.values()
    tracking = list(api.task_runs.values())
    assert [run["dynamic_key"] for run in tracking] == ["0", "1"]
    assert [run["name"] for run in tracking] == ["child-0", "child-1"]
    assert {run["flow_run_id"] for run in tracking} == {top["id"]}
    assert [first["parent_task_run_id"], second["parent_task_run_id"]] == [run["id"] for run in tracking]
    assert top["parent_task_run_id"] is None
    assert tracking[1]["task_inputs"]["x"][0]["input_type"] == "task_run"


def test_gives_its_tasks_its_own_flow_run(api):
    @flow
    def parent():
        return child(5)

    parent()

    runs = list(api.flow_runs.values())
    assert api.last_event("echo")["related"][0]["prefect.resource.id"].endswith(runs[1]["id"])


def test_raises_in_its_parent(api):
    @flow
    def parent():
        bad_child()

    with pytest.raises(ValueError, match="child died"):
        parent()

    assert [run["state"]["type"] for run in api.flow_runs.values()] == ["FAILED", "FAILED"]


def test_gives_its_state_to_its_parent(api):
    @flow
    def parent():
        return bad_child(return_state=True).type.value, child(3, return_state=True).result()

    assert parent() == ("FAILED", 3)


def test_takes_up_its_run_again_when_the_parent_is_retried(api):
    tries = []

    @flow(retries=1)
    def parent():
        tries.append(child(len(tries)))
        if len(tries) == 1:
            raise RuntimeError("again")
        return tries

    assert parent() == [0, 1]

    assert len(api.task_runs) == 1
    assert len(api.flow_runs) == 2


def test_runs_without_a_server():
    @flow
    def parent():
        return child(child(7))

    assert parent() == 7
