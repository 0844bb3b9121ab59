"""The row of events: who lacks some, has some twice or says that it dropped some did not do the work."""

from __future__ import annotations

import json
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from websockets.protocol import OPEN, SERVER, Protocol

from benchmarks.databases import SQLITE, Database
from benchmarks.driving.event_sockets import EventSocket, framed, sending
from benchmarks.given.reported_events import life_of_a_task_run
from benchmarks.limits.event_inserts import insert_events
from benchmarks.row import Incorrect
from benchmarks.rows import events
from benchmarks.sides import Side, ours
from benchmarks.stages import server


class Told(Side):
    """A side whose server got what was sent, but for what `environment` says."""

    sent: list[dict]

    def ask(self, path, body=None):
        lost, twice = int(self.environment.get("lost", 0)), int(self.environment.get("twice", 0))
        kept = self.sent[lost:] + self.sent[len(self.sent) - twice :]
        if path == "/events/count-by/event":
            return [{"value": "x", "count": len(kept)}]
        if path == "/events/count-by/resource":
            about = [event["resource"]["prefect.resource.id"] for event in kept]
            return [{"value": each, "count": about.count(each)} for each in set(about)]
        if path == "/task_runs/count":
            return len({event["resource"]["prefect.resource.id"] for event in kept})
        if path.startswith("/task_run_states/"):
            return [{"id": event["id"]} for event in kept if path.endswith(event["resource"][_ID].rpartition(".")[2])]
        return {"id": "an-id"}


_ID = "prefect.resource.id"


@pytest.fixture
def told(monkeypatch, tmp_path):
    def make(log="", **server):
        side = Told("prefect", "prefect", "python", server, home=tmp_path)
        (tmp_path / "server.log").write_text(log)

        def take_in(sockets, bursts):
            object.__setattr__(side, "sent", [event for share in bursts for event in share])
            return nullcontext()

        monkeypatch.setattr(events, "sending", take_in)
        return side

    monkeypatch.setattr(events, "framed", lambda share: share)
    monkeypatch.setattr(events, "event_sockets", lambda side, count: nullcontext([]))
    monkeypatch.setattr(events, "_STANDSTILL_SECONDS", 0)
    return make


def test_tells_how_many_events_a_second(told):
    sample = events.measure(told(), 60)

    assert sample["events"] > 0
    assert sample["of task runs"] > 0


@pytest.mark.parametrize(
    ("server", "wrong"),
    [
        ({"lost": 1}, "has 59 of 60, and no more come"),
        ({"twice": 1}, "has 61 of 60, and no more come"),
        ({"lost": 1, "twice": 1}, "or other ones"),  # the number is right: one is missing, another there twice
        ({"log": "Subscription queue is full, dropping message"}, "that it dropped events"),
    ],
)
def test_takes_no_time_of_events_that_were_not_stored(told, server, wrong):
    with pytest.raises(Incorrect, match=wrong):
        events.measure(told(**server), 60)


def test_reports_the_states_of_a_task_run_in_a_chain():
    pending, running, completed = life_of_a_task_run("a-flow-run", 1)

    assert [running["follows"], completed["follows"]] == [pending["id"], running["id"]]
    assert pending["occurred"] < running["occurred"] < completed["occurred"]
    assert completed["payload"]["initial_state"] == running["payload"]["validated_state"]


def test_prepares_what_a_client_would_send():
    sent = [{"number": number} for number in range(250)]
    server_side = Protocol(SERVER, state=OPEN)

    for burst in framed(sent):
        server_side.receive_data(burst)

    assert [json.loads(frame.data) for frame in server_side.events_received()] == sent


def test_notices_a_socket_that_was_closed():
    def hang_up(data):
        raise ConnectionResetError

    socket = EventSocket(SimpleNamespace(protocol_mutex=nullcontext(), socket=SimpleNamespace(sendall=hang_up)))

    with pytest.raises(Incorrect, match="was closed"), sending([socket], [[b"frame"]]):
        pass


def test_stores_the_same_rows_barely():
    assert insert_events(Database(SQLITE, {}), 1_100)["events"] > 0


@pytest.mark.e2e
def test_measures_a_server():
    with server(ours(), Database(SQLITE, {})) as side:
        sample = events.measure(side, 80)

    assert sample["events"] > 1
