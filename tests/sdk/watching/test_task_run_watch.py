from __future__ import annotations

import threading

import pytest

from orchestrator.sdk.errors import SocketLost
from orchestrator.sdk.outcomes.states import Completed
from orchestrator.sdk.watching import task_run_watch
from orchestrator.sdk.watching.task_run_watch import TaskRunWatch


@pytest.fixture
def settled(monkeypatch):
    """A run that is waited for, and what it ended as."""
    monkeypatch.setattr(task_run_watch, "_IDLE_SECONDS", 0.0)
    states: list = []
    return states


def add_task_run(api, state):
    api.task_runs["t"] = {"id": "t", "state": state.to_wire()}


def test_tells_the_end_of_a_run_that_ended_before(api, settled):
    add_task_run(api, Completed())
    ended = threading.Event()

    TaskRunWatch(api.client()).expect("t", lambda state: (settled.append(state), ended.set()))

    assert ended.wait(30)
    assert settled[0].is_completed()


def test_tells_what_is_pushed(api, settled, sockets, monkeypatch):
    monkeypatch.setattr(api, "address", "http://server.test/api")
    pushed = {
        "resource": {"prefect.resource.id": "prefect.task-run.t"},
        "payload": {"validated_state": Completed().to_wire()},
    }
    sockets.frames = [{"type": "event", "event": pushed}]
    ended = threading.Event()

    TaskRunWatch(api.client()).expect("t", lambda state: (settled.append(state), ended.set()))

    assert ended.wait(30)
    assert settled[0].is_completed()


def test_leaves_no_connection_open(api, settled, sockets, monkeypatch):
    monkeypatch.setattr(api, "address", "http://server.test/api")
    add_task_run(api, Completed())
    sockets.frames = [SocketLost("gone")]
    ended = threading.Event()
    watch = TaskRunWatch(api.client())

    watch.expect("t", lambda state: ended.set())
    thread = watch._thread
    ended.wait(30)
    if thread is not None:
        thread.join(30)

    assert sockets.made
    assert not any(socket.open for socket in sockets.made)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_goes_on_when_what_is_called_at_the_end_of_a_run_raises(api, monkeypatch, error):
    monkeypatch.setattr(task_run_watch, "_IDLE_SECONDS", 60.0)
    add_task_run(api, Completed())
    api.task_runs["other"] = {"id": "other", "state": Completed().to_wire()}
    raised, ended = threading.Event(), threading.Event()
    watch = TaskRunWatch(api.client())

    def bad(_):
        raised.set()
        raise error("too bad")

    watch.expect("t", bad)
    assert raised.wait(30)
    if error is SystemExit:  # ends the thread, whatever is done about errors
        watch._thread.join(30)
    watch.expect("other", lambda _: ended.set())

    assert ended.wait(30)
