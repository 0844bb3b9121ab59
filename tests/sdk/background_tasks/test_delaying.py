"""`.delay()` and its future."""

from __future__ import annotations

import asyncio
import pickle
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator import (
    BackgroundFuture,
    MissingContext,
    ParameterBindError,
    WaitTimeout,
    allow_failure,
    flow,
    tags,
    task,
    unmapped,
)
from orchestrator.sdk.background_tasks import futures as background_futures
from orchestrator.sdk.background_tasks.inputs import read_inputs
from orchestrator.sdk.errors import ApiError, FailedRun, MissingResult
from orchestrator.sdk.outcomes.states import Completed, Failed
from orchestrator.sdk.watching import task_run_watch
from tests.sdk.fake_api import FakeApi


@pytest.fixture(autouse=True)
def own_storage(tmp_path, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_LOCAL_STORAGE_PATH", str(tmp_path / "storage"))


@task(retries=2, tags=["own"])
def add(a: Any, b: Any = 1) -> Any:
    return a + b


def the_task_run(api: FakeApi) -> dict[str, Any]:
    (run,) = api.task_runs.values()
    return run


def inputs_of(run: dict[str, Any], of: Any = add) -> tuple[dict[str, Any], list[Any]]:
    return read_inputs(of, run["state"]["state_details"]["task_parameters_id"])


def end(api: FakeApi, future: BackgroundFuture[Any], state: Any) -> None:
    api.task_runs[future.task_run_id]["state"] = state.to_wire()


def test_makes_a_scheduled_run_that_is_deferred(api):
    future = add.delay(1, b=2)

    run = the_task_run(api)
    assert (run["id"], run["task_key"], run["flow_run_id"]) == (future.task_run_id, add.task_key, None)
    assert (run["state"]["type"], run["state"]["state_details"]["deferred"]) == ("SCHEDULED", True)
    assert run["empirical_policy"]["retries"] == 2
    assert run["tags"] == ["own"]
    assert future.state.is_scheduled()


def test_stores_the_arguments_under_an_id(api):
    add.delay([1, {"two": (3,)}])

    assert inputs_of(the_task_run(api)) == ({"a": [1, {"two": (3,)}], "b": 1}, [])
    assert "two" not in str(api.requests[0].body)


def test_stores_the_arguments_as_json_where_the_results_are(api, tmp_path):
    told = task(result_serializer="json", result_storage=tmp_path / "json")(add.fn)
    upstream = add.delay(1)

    arguments = ([Completed(data=3), Failed(data=ValueError("no"), message="no")], allow_failure(upstream))
    told.apply_async(arguments, wait_for=[upstream])

    run = next(run for run in api.task_runs.values() if run["id"] != upstream.task_run_id)
    parameters, wait_for = inputs_of(run, told)
    assert parameters["b"] == allow_failure(upstream)
    assert wait_for == [upstream]
    good, bad = parameters["a"]
    assert (good.result(), bad.message) == (3, "no")
    assert b"pickle" not in b"".join(file.read_bytes() for file in (tmp_path / "json").rglob("*") if file.is_file())


def test_stores_nothing_for_a_task_without_arguments(api):
    @task
    def nothing() -> None: ...

    nothing.delay()

    assert the_task_run(api)["state"]["state_details"]["task_parameters_id"] is None


def test_tells_of_the_scheduled_state_under_its_own_id(api):
    future = add.delay(1)
    future._client.delivery.flush(30)

    (event,) = api.events
    assert event["event"] == "prefect.task-run.Scheduled"
    assert event["id"] == the_task_run(api)["state"]["id"]
    assert event["resource"]["prefect.resource.id"] == f"prefect.task-run.{future.task_run_id}"


def test_takes_arguments_edges_and_what_to_wait_for(api):
    first = add.delay(1)

    add.apply_async((2,), {"b": 3}, wait_for=[first], dependencies={"b": [first]})

    run = list(api.task_runs.values())[1]
    edge = {"input_type": "task_run", "id": first.task_run_id}
    assert run["task_inputs"] == {"a": [], "b": [edge], "wait_for": [edge]}
    assert inputs_of(run) == ({"a": 2, "b": 3}, [first])


def test_lets_a_future_of_a_background_task_travel(api):
    first = add.delay(1)

    add.delay([first])

    run = list(api.task_runs.values())[1]
    assert inputs_of(run)[0]["a"] == [first]
    assert run["task_inputs"]["a"] == [{"input_type": "task_run", "id": first.task_run_id}]


def test_waits_for_futures_of_this_process(api):
    @flow
    def main() -> None:
        add.delay({"sum": add.submit(1, 2)})

    main()

    (state,) = inputs_of(the_task_run(api))[0]["a"].values()
    assert state.result() == 3


def test_belongs_to_the_flow_run_that_delays_it_and_outlives_it(api):
    @flow
    def main() -> str:
        with tags("inside"):
            return add.delay(1).task_run_id

    task_run_id = main()

    run = the_task_run(api)
    assert run["flow_run_id"] == api.the_run()["id"]
    assert run["tags"] == ["inside", "own"]
    assert api.task_states("add") == ["Scheduled"]
    assert run["id"] == task_run_id


def test_says_that_it_needs_a_server():
    with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
        add.delay(1)


def test_refuses_arguments_that_do_not_fit(api):
    with pytest.raises(ParameterBindError):
        add.delay()

    assert api.task_runs == {}


def test_refuses_arguments_that_cannot_be_stored(api):
    with pytest.raises(Exception, match="pickle"):
        add.delay(threading.Lock())

    assert api.task_runs == {}


def test_says_that_the_arguments_are_not_there():
    with pytest.raises(MissingResult, match="storage that both reach"):
        read_inputs(add, "missing")


def test_waits_until_the_run_has_ended(api):
    future = add.delay(1)

    assert future.wait(timeout=0.01) is None
    end(api, future, Completed())

    assert future.wait(timeout=30).is_completed()
    assert future.done()
    assert future.state.is_completed()


def test_raises_what_became_of_a_run_that_failed(api):
    future = add.delay(1)
    end(api, future, Failed(message="no luck"))

    with pytest.raises(FailedRun, match="no luck"):
        future.result(timeout=30)
    assert isinstance(future.result(raise_on_failure=False), FailedRun)


def test_gives_up_waiting_for_a_result(api):
    with pytest.raises(WaitTimeout, match="add-"):
        add.delay(1).result(timeout=0.01)


def test_says_that_the_server_does_not_know_the_run(api):
    with pytest.raises(ApiError, match="404"):
        BackgroundFuture("0" * 32).wait()


def test_keeps_waiting_while_the_server_is_away(api):
    future = add.delay(1)
    called = threading.Event()
    future.add_done_callback(lambda _: called.set())

    api.down = True
    end(api, future, Completed())
    assert not called.wait(0.2)
    api.down = False

    assert called.wait(30)


def test_asks_once_for_many_runs(api):
    futures = [add.delay(number) for number in range(5)]
    for future in futures:
        future._watch()
    for future in futures:
        end(api, future, Completed())

    assert all(future.wait(timeout=30) for future in futures)
    asked = [request for request in api.requests if request.path == "/task_runs/filter"]
    assert len(asked) < 20


def test_calls_back_at_once_when_it_has_ended(api):
    future = add.delay(1)
    end(api, future, Completed())
    future.wait()
    called = []

    future.add_done_callback(called.append)

    assert called == [future]


def test_can_be_awaited(api):
    future = add.delay(1)
    end(api, future, Failed(message="no luck"))

    async def main() -> bool:
        ended = await future.wait_async(timeout=30)
        with pytest.raises(FailedRun):
            await future.result_async()
        with pytest.raises(FailedRun):
            await future.result()
        return ended and await future.wait()

    assert asyncio.run(main())


def test_is_the_same_future_after_pickling(api):
    future = add.delay(1)

    again = pickle.loads(pickle.dumps(future))

    assert again == future
    assert hash(again) == hash(future)
    assert (again.name, again.state.name) == (future.name, "Scheduled")


def test_delays_one_run_for_each_item(api):
    futures = add.map([1, 2, 3], b=unmapped(4), deferred=True)

    assert [each.task_run_id for each in futures] == list(api.task_runs)
    assert [inputs_of(run)[0] for run in api.task_runs.values()] == [{"a": each, "b": 4} for each in (1, 2, 3)]
    assert {run["state"]["state_details"]["deferred"] for run in api.task_runs.values()} == {True}


def test_is_watched_anew_by_a_forked_process(api, monkeypatch):
    settlers: list[Any] = []
    watch = SimpleNamespace(expect=lambda _, settle: settlers.append(settle))
    monkeypatch.setattr(task_run_watch, "watch_of", lambda _: watch)
    future = add.delay(1)
    for _ in range(2):
        future.wait(timeout=0.001)
    assert len(settlers) == 1

    monkeypatch.setattr(background_futures, "os", SimpleNamespace(getpid=lambda: 0))
    future.wait(timeout=0.001)

    assert len(settlers) == 2
