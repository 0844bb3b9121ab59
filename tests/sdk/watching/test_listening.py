from __future__ import annotations

import pytest

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import SocketLost, SocketRefused
from orchestrator.sdk.watching.listening import Listening

EVENT = {"type": "event", "event": {"event": "tea.made"}}


class Elsewhere:
    address = "http://server.test/api"


@pytest.fixture
def listening(sockets, clock):
    return Listening(Client(Elsewhere()), {"event": {"name": ["tea.made"]}})


def test_asks_for_what_is_wanted_from_now_on(listening, sockets):
    listening.connect()

    (said,) = sockets.made[0].said
    assert said["filter"]["event"] == {"name": ["tea.made"]}
    assert set(said["filter"]["occurred"]) == {"since", "until"}


def test_gives_events_and_passes_over_the_rest(listening, sockets):
    listening.connect()
    sockets.frames = [{"type": "pong"}, EVENT]

    assert [listening.hear(1), listening.hear(1), listening.hear(1)] == [None, {"event": "tea.made"}, None]


def test_says_whether_it_has_just_connected(listening):
    assert [listening.connect(), listening.connect()] == [True, False]


def test_closes_a_connection_that_does_not_take_the_filter(listening, sockets, monkeypatch):
    monkeypatch.setattr(sockets, "deafness", SocketLost("gone"))

    assert listening.connect() is False
    assert [socket.open for socket in sockets.made] == [False]


def test_closes_a_connection_that_breaks(listening, sockets):
    listening.connect()
    sockets.frames = [SocketLost("gone")]

    assert listening.hear(1) is None
    assert [socket.open for socket in sockets.made] == [False]
    assert not listening.is_connected


def test_lets_time_pass_between_attempts_at_a_server_that_is_away(listening, sockets, clock, monkeypatch):
    tried = []
    monkeypatch.setattr(sockets, "refusal", SocketLost("away"))
    connect = sockets.__init__
    monkeypatch.setattr(sockets, "__init__", lambda *args: (tried.append(clock.seconds), connect(*args))[1])

    for _ in range(1000):
        listening.connect()
        clock.seconds += 0.01  # it is asked a hundred times a second, for ten seconds

    assert len(tried) < 12
    assert tried[1] - tried[0] < 0.2


def test_does_not_dial_for_ever_a_server_that_hangs_up_at_once(listening, sockets, clock):
    for _ in range(1000):
        if listening.connect():
            sockets.frames = [SocketLost("gone")]
            listening.hear(1)
        clock.seconds += 0.01

    assert len(sockets.made) < 12


def test_asks_no_more_when_it_is_refused(listening, sockets, clock, monkeypatch):
    monkeypatch.setattr(sockets, "refusal", SocketRefused("no"))
    listening.connect()
    monkeypatch.setattr(sockets, "refusal", None)
    clock.seconds += 3600

    assert listening.connect() is False
    assert listening.is_refused


def test_knows_that_a_transport_without_an_address_pushes_nothing(sockets):
    class Here:
        address = "memory"

    listening = Listening(Client(Here()), {})

    assert listening.is_refused
    assert listening.connect() is False
