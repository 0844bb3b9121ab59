"""Serving tasks, with a server that is played by the test."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from orchestrator import MissingResult, TaskServingError, flow, task
from orchestrator import serve as serve_anything
from orchestrator.sdk.api.client import current_client
from orchestrator.sdk.background_tasks import serving as task_serving
from orchestrator.sdk.background_tasks.inputs import read_inputs
from orchestrator.sdk.background_tasks.serving import TaskServing, serve_tasks
from orchestrator.sdk.background_tasks.status_page import status_page
from orchestrator.sdk.errors import DeploymentError, MissingContext, SocketLost, SocketRefused
from tests.sdk.fake_api import FakeApi

GONE = object()
proceed = threading.Event()
calls: list[Any] = []


@task
def double(x: int) -> int:
    calls.append(x)
    return 2 * x


@task
def wait_for_it(x: int) -> int:
    calls.append(x)
    proceed.wait(5)
    return x


@task
async def double_async(x: int) -> int:
    return 2 * x


class Desk:
    """The server's side of the sockets."""

    def __init__(self) -> None:
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.to_hear: queue.Queue[Any] = queue.Queue()
        self.refuses: Exception | None = None
        self.opened = 0

    def socket(self, client: Any, path: str) -> Desk:
        assert path == "/task_runs/subscriptions/scheduled"
        self.opened += 1
        if self.refuses is not None:
            raise self.refuses
        return self

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *error: object) -> None: ...

    def say(self, frame: dict[str, Any]) -> None:
        self.said.put(frame)

    def hear(self, timeout: float | None = None) -> Any:
        try:
            frame = self.to_hear.get(timeout=timeout)
        except queue.Empty:
            return None
        if frame is GONE:
            raise SocketLost("gone")
        return frame

    # What the tests say.

    def next(self) -> dict[str, Any]:
        return self.said.get(timeout=5)

    def subscribed(self, *holds: str) -> dict[str, Any]:
        """The subscription, which is answered as a server of ours does."""
        frame = self.next()
        self.to_hear.put({"type": "subscribed", "id": "one", "lease_seconds": 15, "holds": list(holds)})
        return frame


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_LOCAL_STORAGE_PATH", str(tmp_path / "storage"))
    monkeypatch.setattr(task_serving, "_TICK_SECONDS", 0.01)
    monkeypatch.setattr(task_serving, "_FIRST_PAUSE_SECONDS", 0.01)
    proceed.clear()
    calls.clear()


@pytest.fixture
def desk(monkeypatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(task_serving, "ApiSocket", made.socket)
    return made


@pytest.fixture
def serve(api: FakeApi, desk: Desk) -> Iterator[Callable[..., TaskServing]]:
    """Serves tasks in another thread."""
    started: list[tuple[TaskServing, threading.Thread]] = []

    def serving(*tasks: Any, **options: Any) -> TaskServing:
        made = TaskServing(current_client(), tasks, **options)
        thread = threading.Thread(target=made.run, daemon=True)
        thread.start()
        started.append((made, thread))
        return made

    yield serving
    proceed.set()
    for made, thread in started:
        made.stop()
        made.stop()
        thread.join(5)
        assert not thread.is_alive()


def eventually(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 5
    while not (found := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.005)
    return found


def delayed(api: FakeApi, of: Any, *arguments: Any) -> dict[str, Any]:
    return api.task_runs[of.delay(*arguments).task_run_id]


def names(api: FakeApi, run: dict[str, Any]) -> list[str]:
    """The states of the run that the server was told of by now."""
    current_client().delivery.flush(5)
    mine = [each for each in api.events if each["resource"]["prefect.resource.id"].endswith(run["id"])]
    return [each["payload"]["validated_state"]["name"] for each in mine]


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
    assert future.result(timeout=5) == 42


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


def test_goes_on_when_the_connection_breaks_and_comes_back(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serve(wait_for_it)
    desk.subscribed()
    desk.to_hear.put(run)
    eventually(lambda: calls)

    desk.to_hear.put(GONE)

    again = desk.subscribed(run["id"])
    assert (again["resumes"], again["executing"]) == ("one", [run["id"]])
    proceed.set()
    assert desk.next() == {"type": "ack", "task_run_id": run["id"]}
    assert calls == [1]


def test_acknowledges_later_what_ended_while_the_server_was_away(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serving = serve(wait_for_it)
    desk.subscribed()
    desk.to_hear.put(run)
    eventually(lambda: calls)
    desk.refuses = SocketLost("away")

    desk.to_hear.put(GONE)
    eventually(lambda: desk.opened > 2)
    proceed.set()
    eventually(lambda: names(api, run)[-1:] == ["Completed"])
    desk.refuses = None

    assert desk.subscribed(run["id"])["executing"] == [run["id"]]
    assert desk.next() == {"type": "ack", "task_run_id": run["id"]}
    eventually(lambda: serving.executing == 0)


def test_stops_what_is_executed_elsewhere_by_now(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serving = serve(wait_for_it)
    desk.subscribed()
    desk.to_hear.put(run)
    eventually(lambda: calls)

    desk.to_hear.put(GONE)
    desk.subscribed()

    eventually(lambda: serving.executing == 0)
    proceed.set()
    time.sleep(0.05)
    assert names(api, run) == ["Scheduled", "Pending", "Running"]
    assert desk.said.empty()


def test_does_not_begin_twice_what_is_sent_twice(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serve(wait_for_it)
    desk.subscribed()

    desk.to_hear.put(run)
    desk.to_hear.put(run)
    eventually(lambda: desk.to_hear.empty() and calls)
    proceed.set()

    desk.next()
    assert calls == [1]


def test_ends_what_is_under_way_when_it_is_stopped(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serving = serve(wait_for_it)
    desk.subscribed()
    desk.to_hear.put(run)
    eventually(lambda: calls)

    serving.stop()

    assert desk.next() == {"type": "slots", "slots": 0}
    proceed.set()
    assert desk.next()["type"] == "ack"
    assert desk.next() == {"type": "quit"}


def test_hands_back_what_does_not_end_in_time(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serving = serve(wait_for_it, drain_seconds=0.02)
    desk.subscribed()
    desk.to_hear.put(run)
    eventually(lambda: calls)

    serving.stop()

    assert desk.next()["type"] == "slots"
    assert desk.next() == {"type": "quit"}
    proceed.set()
    assert names(api, run) == ["Scheduled", "Pending", "Running"]


@pytest.mark.parametrize("holds", [True, False])
def test_stops_the_code_of_what_it_hands_back(serve, desk, api, holds):
    stopped = threading.Event()

    @task
    def go_on() -> None:
        calls.append("begun")
        try:
            while True:
                time.sleep(0.001)
        finally:
            stopped.set()

    serving = serve(go_on, drain_seconds=0.02)
    desk.subscribed() if holds else desk.next()
    desk.to_hear.put(delayed(api, go_on))
    eventually(lambda: calls)

    serving.stop()

    assert stopped.wait(5)


def test_crashes_what_cannot_be_handed_back(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serving = serve(wait_for_it, drain_seconds=0.02)
    desk.next()
    desk.to_hear.put(run)
    assert desk.next() == {"type": "ack"}
    eventually(lambda: calls)

    serving.stop()

    eventually(lambda: names(api, run)[-1:] == ["Crashed"])


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


def test_tells_what_it_does_to_whoever_asks(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serving = serve(wait_for_it, limit=3)
    desk.subscribed()
    desk.to_hear.put(run)
    eventually(lambda: calls)

    with status_page(0, serving.status) as port:
        told = asked(f"http://127.0.0.1:{port}/status")
        with pytest.raises(HTTPError, match="404"):
            asked(f"http://127.0.0.1:{port}/")

    assert (told["tasks"], told["limit"], told["current"], told["available"]) == ([wait_for_it.task_key], 3, 1, 2)
    assert (told["finished"], told["stopping"]) == (0, False)
    assert list(told["in_flight"][wait_for_it.task_key]) == [run["id"]]
    proceed.set()
    eventually(lambda: serving.status()["finished"] == 1)
    assert serving.status()["in_flight"] == {}


def test_is_served_with_a_page_for_its_status(api, desk, capfd):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    serve_anything(double, status_server_port=port, timeout=0.02)

    assert f"http://127.0.0.1:{port}/status" in capfd.readouterr().err


@pytest.mark.parametrize("port", ["taken", -1, "http"])
def test_refuses_a_port_that_cannot_be_listened_on(api, desk, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(TaskServingError, match="status_server_port"):
            serve_tasks(double, status_server_port=taken.getsockname()[1] if port == "taken" else port, timeout=0.02)


def asked(url: str) -> Any:
    with urlopen(url, timeout=5) as answer:
        return json.load(answer)


def test_has_no_page_for_deployments():
    with pytest.raises(DeploymentError, match="for tasks"):
        serve_anything(flow(lambda: None, name="f").to_deployment("d"), status_server_port=8080)
