from __future__ import annotations

import pytest

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import SocketLost, SocketRefused
from orchestrator.sdk.timing import pace
from orchestrator.sdk.watching import flow_run_watch
from orchestrator.sdk.watching.flow_run_watch import FlowRunWatch

EVENT = {"type": "event", "event": {}}


class FakeSocket:
    """Hears what `frames` hold, then nothing more; an exception among them is raised."""

    frames: list = []
    made: list = []
    refusal: Exception | None = None

    def __init__(self, client, path):
        if self.refusal is not None:
            raise self.refusal
        self.said, self.open = [], True
        self.made.append(self)

    def say(self, frame):
        self.said.append(frame)

    def hear(self, timeout=None):
        if not self.frames:
            return None
        frame = self.frames.pop(0)
        if isinstance(frame, Exception):
            raise frame
        return frame

    def close(self):
        self.open = False


class Elsewhere:
    address = "http://server.test/api"


@pytest.fixture
def slept(monkeypatch):
    seconds: list[float] = []
    monkeypatch.setattr(pace, "sleep", seconds.append)
    return seconds


@pytest.fixture
def watch(monkeypatch, slept):
    monkeypatch.setattr(FakeSocket, "frames", [])
    monkeypatch.setattr(FakeSocket, "made", [])
    monkeypatch.setattr(FakeSocket, "refusal", None)
    monkeypatch.setattr(flow_run_watch, "ApiSocket", FakeSocket)
    with FlowRunWatch(Client(Elsewhere()), "r") as watch:
        yield watch


def test_connects_only_when_the_wait_is_worth_it(watch, slept):
    watch.wait(0.5)

    assert (FakeSocket.made, slept) == ([], [0.5])


def test_lets_the_caller_look_once_it_listens(watch, slept):
    watch.wait(60)

    (socket,) = FakeSocket.made
    assert socket.said[0]["filter"]["resource"]["id"] == ["prefect.flow-run.r"]
    assert slept == []


def test_wakes_up_at_an_event(watch):
    watch.wait(60)
    FakeSocket.frames = [None, {"type": "pong"}, EVENT, EVENT]

    watch.wait(60)

    assert FakeSocket.frames == [EVENT]


def test_wakes_up_when_it_is_stopped(watch):
    watch.wait(60)

    watch.wait(60, stopped=lambda: True)


def test_connects_anew_when_the_socket_breaks(watch, slept):
    watch.wait(60)
    FakeSocket.frames = [SocketLost("gone"), None]
    asked = iter([False, False, True])

    watch.wait(60, stopped=lambda: next(asked))
    watch.wait(60)

    assert [socket.open for socket in FakeSocket.made] == [False, True]
    assert slept == [0.5]


@pytest.mark.parametrize("again", [SocketRefused, SocketLost])
def test_sleeps_when_there_is_no_socket(watch, slept, monkeypatch, again):
    monkeypatch.setattr(FakeSocket, "refusal", again("no"))
    asked = iter([False, True])

    watch.wait(60, stopped=lambda: next(asked))

    assert slept == [0.5]


def test_closes_what_it_opened(watch):
    watch.wait(60)

    watch.close()

    assert [socket.open for socket in FakeSocket.made] == [False]


def test_needs_no_socket_for_a_server_that_is_none(slept):
    class Here:
        address = "memory"

    FlowRunWatch(Client(Here()), "r").wait(60)

    assert slept == [60]
