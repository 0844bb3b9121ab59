"""Serving tasks when the connection breaks, a run is taken away, or the serving ends."""

from __future__ import annotations

import threading
import time

import pytest

from orchestrator import task
from orchestrator.sdk.errors import SocketLost
from tests.sdk.background_tasks.desk import (
    GONE,
    calls,
    delayed,
    names,
    proceed,
    wait_for_it,
)
from tests.waiting import eventually


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

    assert stopped.wait(30)


def test_crashes_what_cannot_be_handed_back(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serving = serve(wait_for_it, drain_seconds=0.02)
    desk.next()
    desk.to_hear.put(run)
    assert desk.next() == {"type": "ack"}
    eventually(lambda: calls)

    serving.stop()

    eventually(lambda: names(api, run)[-1:] == ["Crashed"])
