"""Serving tasks: what becomes of a run that is sent."""

from __future__ import annotations

import time
from typing import Any

import pytest

from orchestrator import MissingResult, TaskServingError, flow
from orchestrator import serve as serve_anything
from orchestrator.sdk.background_tasks.inputs import read_inputs
from orchestrator.sdk.background_tasks.serving import TaskServing, serve_tasks
from orchestrator.sdk.errors import MissingContext, SocketRefused
from tests.sdk.background_tasks.desk import (
    calls,
    delayed,
    double,
    double_async,
    names,
    proceed,
    wait_for_it,
)
from tests.waiting import eventually


def test_says_what_it_serves(serve, desk):
    serve(double, wait_for_it, limit=3)

    frame = desk.subscribed()
    assert frame["keys"] == sorted([double.task_key, wait_for_it.task_key])
    assert frame["client_id"]
    assert (frame["slots"], frame["resumes"], frame["executing"]) == (3, None, [])


def test_executes_a_run_and_acknowledges_it_when_the_server_knows_how_it_ended(serve, desk, api):
    run = delayed(api, double, 21)
    serve(double)
    desk.subscribed()

    desk.to_hear.put(run)

    assert desk.next() == {"type": "ack", "task_run_id": run["id"]}
    assert calls == [21]
    assert names(api, run) == ["Scheduled", "Pending", "Running", "Completed"]


def test_keeps_the_result_where_the_future_finds_it(serve, desk, api):
    future = double.delay(21)
    serve(double)
    desk.subscribed()

    desk.to_hear.put(api.task_runs[future.task_run_id])
    desk.next()

    last = api.events[-1]["payload"]["validated_state"]
    api.task_runs[future.task_run_id]["state"] |= {"type": last["type"], "name": last["name"], "data": last["data"]}
    assert future.result(timeout=30) == 42


def test_deletes_the_arguments_of_what_it_has_completed(serve, desk, api):
    completed, failed = delayed(api, double, 21), delayed(api, double, None)
    serve(double)
    desk.subscribed()

    for run in (completed, failed):
        desk.to_hear.put(run)
        desk.next()

    assert names(api, failed)[-1] == "Failed"
    assert read_inputs(double, failed["state"]["state_details"]["task_parameters_id"]) == ({"x": None}, [])
    with pytest.raises(MissingResult):
        read_inputs(double, completed["state"]["state_details"]["task_parameters_id"])


def test_executes_async_tasks(serve, desk, api):
    run = delayed(api, double_async, 1)
    serve(double_async)
    desk.subscribed()

    desk.to_hear.put(run)

    desk.next()
    assert names(api, run)[-1] == "Completed"


def test_acknowledges_at_once_where_nothing_can_be_held(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serve(wait_for_it)
    desk.next()

    desk.to_hear.put(run)

    assert desk.next() == {"type": "ack"}
    proceed.set()
    eventually(lambda: names(api, run)[-1:] == ["Completed"])
    assert desk.said.empty()


def test_takes_no_more_than_its_limit_where_nothing_can_be_held(serve, desk, api):
    first, second = delayed(api, wait_for_it, 1), delayed(api, wait_for_it, 2)
    serve(wait_for_it, limit=1)
    desk.next()

    desk.to_hear.put(first)
    desk.to_hear.put(second)

    assert desk.next() == {"type": "ack"}
    eventually(lambda: calls == [1])
    time.sleep(0.05)
    assert calls == [1]
    proceed.set()
    assert desk.next() == {"type": "ack"}
    eventually(lambda: calls == [1, 2])


def test_continues_the_counters_of_a_run_that_began_elsewhere(serve, desk, api):
    run = {**delayed(api, double, 1), "run_count": 1, "total_run_time": 2.5, "flow_run_id": "f" * 32}
    serve(double)
    desk.subscribed()

    desk.to_hear.put(run)
    desk.next()

    told = api.events[-1]
    assert told["payload"]["task_run"]["run_count"] == 2
    assert told["payload"]["task_run"]["total_run_time"] >= 2.5
    assert told["related"][0]["prefect.resource.id"] == f"prefect.flow-run.{'f' * 32}"


def test_repeats_where_the_arguments_are_until_the_run_has_ended(serve, desk, api):
    run = delayed(api, double, 1)
    serve(double)
    desk.subscribed()

    desk.to_hear.put(run)
    desk.next()

    states = [event["payload"]["validated_state"] for event in api.events]
    running = next(state for state in states if state["name"] == "Running")
    wanted = run["state"]["state_details"]["task_parameters_id"]
    assert running["state_details"]["task_parameters_id"] == wanted
    assert running["state_details"]["deferred"] is True


def test_crashes_a_run_whose_arguments_are_gone(serve, desk, api, monkeypatch, tmp_path):
    run = delayed(api, double, 1)
    monkeypatch.setenv("ORCHESTRATOR_LOCAL_STORAGE_PATH", str(tmp_path / "elsewhere"))
    serve(double)
    desk.subscribed()

    desk.to_hear.put(run)

    assert desk.next()["type"] == "ack"
    assert names(api, run)[-1] == "Crashed"
    assert "storage that both reach" in api.events[-1]["payload"]["validated_state"]["message"]


def test_passes_over_what_it_does_not_serve_or_what_has_ended(serve, desk, api):
    other, ended, mine = delayed(api, wait_for_it, 1), delayed(api, double, 2), delayed(api, double, 3)
    ended["state"] = {**ended["state"], "type": "COMPLETED", "name": "Completed"}
    serve(double)
    desk.subscribed()

    for frame in (other, ended, {"type": "news"}, mine):
        desk.to_hear.put(frame)

    assert desk.next()["task_run_id"] == mine["id"]
    assert calls == [3]


def test_ends_after_the_time_it_was_given(api, desk):
    serving = TaskServing(api.client(), [double])

    serving.run(seconds=0.02)

    assert desk.next()["type"] == "subscribe"
    assert desk.next() == {"type": "quit"}


def test_gives_up_when_the_server_does_not_want_it(api, desk):
    desk.refuses = SocketRefused("not here")

    with pytest.raises(SocketRefused):
        TaskServing(api.client(), [double]).run()


def test_is_what_serve_does_with_tasks(api, desk, monkeypatch):
    served: list[Any] = []
    monkeypatch.setattr(TaskServing, "run", lambda self, seconds=None: served.append((sorted(self._tasks), seconds)))

    serve_anything(double, wait_for_it)
    double.serve(timeout=3)

    assert served == [(sorted([double.task_key, wait_for_it.task_key]), None), ([double.task_key], 3)]


def test_refuses_what_is_no_task(api):
    @flow
    def main() -> None: ...

    for wrong in ((), (main,), (print,)):
        with pytest.raises(TaskServingError):
            serve_tasks(*wrong)
    with pytest.raises(TaskServingError, match="limit"):
        serve_tasks(double, limit=0)


def test_says_that_it_needs_a_server():
    with pytest.raises(MissingContext):
        double.serve()
