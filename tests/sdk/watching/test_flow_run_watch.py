from __future__ import annotations

import threading
import time

import pytest

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import RunAbandoned, SocketLost, SocketRefused
from orchestrator.sdk.timing import pace
from orchestrator.sdk.watching.flow_run_watch import FlowRunWatch

EVENT = {"type": "event", "event": {}}


class Elsewhere:
    address = "http://server.test/api"


class Here:
    address = "memory"


@pytest.fixture
def watch(sockets):
    with FlowRunWatch(Client(Elsewhere()), "r") as watch:
        yield watch


def test_connects_only_when_the_wait_is_worth_it(watch, sockets, slept):
    watch.wait(0.5)

    assert (sockets.made, slept) == ([], [0.5])


def test_lets_the_caller_look_once_it_listens(watch, sockets, slept):
    watch.wait(60)

    (socket,) = sockets.made
    assert socket.said[0]["filter"]["resource"]["id"] == ["prefect.flow-run.r"]
    assert slept == []


def test_wakes_up_at_an_event(watch, sockets):
    watch.wait(60)
    sockets.frames = [None, {"type": "pong"}, EVENT, EVENT]

    watch.wait(60)

    assert sockets.frames == [EVENT]


def test_wakes_up_when_it_is_stopped(watch):
    watch.wait(60)

    watch.wait(60, stopped=lambda: True)


def test_connects_anew_when_the_connection_breaks(watch, sockets, slept, clock):
    watch.wait(60)
    sockets.frames = [SocketLost("gone"), None]
    asked = iter([False, False, True])

    watch.wait(60, stopped=lambda: next(asked))
    clock.seconds += 1
    watch.wait(60)

    assert [socket.open for socket in sockets.made] == [False, True]
    assert slept == [pace.SLICE_SECONDS]


@pytest.mark.parametrize("again", [SocketRefused, SocketLost])
def test_sleeps_when_there_is_no_connection(watch, sockets, slept, monkeypatch, again):
    monkeypatch.setattr(sockets, "refusal", again("no"))
    asked = iter([False, True])

    watch.wait(60, stopped=lambda: next(asked))

    assert slept == [pace.SLICE_SECONDS]


def test_closes_what_it_opened(watch, sockets):
    watch.wait(60)

    watch.close()

    assert [socket.open for socket in sockets.made] == [False]


def test_needs_no_connection_for_a_server_that_is_none(slept):
    FlowRunWatch(Client(Here()), "r").wait(60)

    assert slept == [60]


def test_hears_that_it_is_stopped_where_nothing_is_pushed():
    stop = threading.Event()
    threading.Timer(0.01, stop.set).start()

    FlowRunWatch(Client(Here()), "r").wait(60, stopped=stop.is_set)

    assert stop.is_set()


@pytest.mark.parametrize("address", [Here, Elsewhere])
def test_ends_when_nobody_waits_for_the_outcome(sockets, address):
    given_up = threading.Event()
    outcome = []

    def waits():
        pace.until_given_up(given_up)
        watch = FlowRunWatch(Client(address()), "r")
        try:
            while True:
                watch.wait(60)
                time.sleep(0.001)
        except RunAbandoned as stop:
            outcome.append(stop)

    thread = threading.Thread(target=waits)
    thread.start()
    given_up.set()
    thread.join(30)

    assert len(outcome) == 1
