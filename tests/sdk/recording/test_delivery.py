from __future__ import annotations

import json
import os
import threading
import time

import pytest

from orchestrator import flow, task
from orchestrator.sdk.api.client import Client, current_client
from orchestrator.sdk.api.transport import Response
from orchestrator.sdk.recording import delivery as delivery_module
from orchestrator.sdk.recording import lanes, sending
from tests.waiting import eventually


class Item:
    def __init__(self, number: int) -> None:
        self.number = number

    def to_wire(self):
        return {"id": str(self.number)}


class Taker:
    """A transport that keeps what it is given, unless `answer` says something else."""

    address = "http://keeping.test/api"

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[str]]] = []
        self.answer = lambda ids: 204

    def handle(self, request):
        ids = [item["id"] for item in json.loads(request.body)]
        status = self.answer(ids)
        if status is None:
            raise ConnectionRefusedError("down")
        if status < 300:
            self.batches.append((request.path, ids))
        return Response(status)

    def taken(self) -> list[str]:
        return [each for _, ids in self.batches for each in ids]


@pytest.fixture
def taker():
    return Taker()


@pytest.fixture
def delivery(taker):
    return Client(taker).delivery


def test_sends_in_batches_and_in_order(taker, delivery):
    for number in range(1200):
        delivery.put_event(Item(number))

    assert delivery.flush(30)
    assert taker.taken() == [str(number) for number in range(1200)]
    assert len(taker.batches) <= 60
    assert delivery.waiting() == 0


def test_sends_without_being_asked(taker, delivery):
    delivery.put_log(Item(1))

    eventually(lambda: taker.batches)

    assert taker.batches == [("/logs/", ["1"])]


def test_sends_again_until_the_server_takes_it(taker, delivery):
    left = [None, 503, 429, None, 500]
    taker.answer = lambda ids: left.pop() if left else 204

    delivery.put_event(Item(1))

    assert delivery.flush(30)
    assert taker.taken() == ["1"]


def test_keeps_what_did_not_arrive_in_time(taker, delivery):
    taker.answer = lambda ids: None
    delivery.put_event(Item(1))

    assert delivery.flush(0.3) is False

    taker.answer = lambda ids: 204
    assert delivery.flush(30)
    assert taker.taken() == ["1"]


def test_gives_up_only_the_item_that_the_server_refuses(taker, delivery):
    taker.answer = lambda ids: 422 if "3" in ids else 204
    for number in range(7):
        delivery.put_event(Item(number))

    assert delivery.flush(30)
    assert taker.taken() == ["0", "1", "2", "4", "5", "6"]


def test_sends_logs_without_ids_where_they_are_not_taken():
    asked = []

    class Strict:
        address = "http://strict.test/api"

        def handle(self, request):
            items = json.loads(request.body)
            asked.append([sorted(item) for item in items])
            if any("id" in item for item in items):
                detail = {"type": "extra_forbidden", "loc": ["body", 0, "id"], "msg": "Extra inputs are not permitted"}
                return Response(422, json.dumps({"exception_detail": [detail]}).encode())
            return Response(201)

    class Line(Item):
        def to_wire(self):
            return {"id": "x", "message": str(self.number)}

    delivery = Client(Strict()).delivery
    delivery.put_log(Line(1))
    assert delivery.flush(30)
    delivery.put_log(Line(2))
    assert delivery.flush(30)

    assert asked == [[["id", "message"]], [["message"]], [["message"]]]


class Unwritable:
    def to_wire(self):
        raise TypeError("no words for it")


def test_gives_up_only_the_item_that_cannot_be_written(taker, delivery, capsys):
    for item in (Item(1), Unwritable(), Item(3)):
        delivery.put_event(item)

    assert delivery.flush(30)
    assert taker.taken() == ["1", "3"]
    assert "no words for it" in capsys.readouterr().err


def test_does_not_fill_the_memory_when_the_server_stays_away(taker, delivery, monkeypatch, capsys):
    monkeypatch.setattr(lanes, "MAX_WAITING", 10)
    taker.answer = lambda ids: None
    delivery.put_event(Item(-1))
    eventually(lambda: delivery.away)

    for number in range(25):
        delivery.put_event(Item(number))

    assert delivery.waiting() <= 12
    taker.answer = lambda ids: 204
    assert delivery.flush(30)
    assert taker.taken()[-10:] == [str(number) for number in range(15, 25)]


class Counted(Item):
    """It says how often it was written as JSON."""

    times = 0

    def to_wire(self):
        self.times += 1
        return {"id": str(self.number), "filler": "x" * 200}


def test_writes_each_item_once_however_long_the_server_is_away_and_the_journal_full(
    taker, delivery, monkeypatch, data_directory
):
    monkeypatch.setenv("ORCHESTRATOR_JOURNAL_MEGABYTES", "0.001")
    monkeypatch.setattr(delivery_module, "_KEEP_SECONDS", 0.01)
    encoded, tried = [], []
    encode, keep = delivery_module.encode, delivery.journal.keep
    monkeypatch.setattr(delivery_module, "encode", lambda value: encoded.append(value) or encode(value))
    monkeypatch.setattr(delivery.journal, "keep", lambda entry: tried.append(entry) or keep(entry))
    taker.answer = lambda ids: None
    looks = []
    write_down = delivery._write_down
    monkeypatch.setattr(delivery, "_write_down", lambda: looks.append(1) or write_down())
    items = [Counted(number) for number in range(60)]
    for item in items[:50]:
        delivery.put_event(item)
    eventually(lambda: len(looks) > 3)
    for item in items[50:]:
        delivery.put_event(item)
    seen = len(looks)
    eventually(lambda: len(looks) > seen + 5)

    taker.answer = lambda ids: 204

    assert delivery.flush(60)
    assert [int(each) for each in taker.taken()] == list(range(60))
    assert [item.times for item in items] == [1] * 60
    assert len(encoded) == 60
    assert len(tried) <= 4


def test_cuts_batches_by_size(taker, delivery, monkeypatch):
    monkeypatch.setattr(sending, "BATCH_BYTES", 40)
    for number in range(9):
        delivery.put_event(Item(number))

    assert delivery.flush(30)
    assert max(len(ids) for _, ids in taker.batches) <= 3
    assert len(taker.taken()) == 9


def test_starts_anew_in_a_forked_child(taker, delivery):
    taker.answer = lambda ids: None
    delivery.put_event(Item(1))
    eventually(lambda: delivery.away)

    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        taker.answer = lambda ids: 204
        delivery.put_event(Item(2))
        arrived = delivery.flush(30)
        os.write(write, json.dumps([arrived, taker.taken()]).encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert json.loads(os.read(read, 1000)) == [True, ["2"]]
    taker.answer = lambda ids: 204
    assert delivery.flush(30)
    assert taker.taken() == ["1"]


def test_ends_the_run_when_the_server_stays_away(http, monkeypatch, capsys):
    monkeypatch.setenv("ORCHESTRATOR_DRAIN_SECONDS", "0.5")
    monkeypatch.setattr("orchestrator.sdk.flows.flow_endings._LEAST_PATIENCE_SECONDS", 0.2)

    @flow
    def unlucky():
        http.stop()
        return 5

    began = time.monotonic()
    result = unlucky()

    assert result == 5
    assert time.monotonic() - began < 20
    assert "The server did not learn that the run ended" in capsys.readouterr().err
    http.start()
    assert current_client().delivery.flush(30)


def test_lets_the_flow_go_on_while_the_server_is_away(http):
    begun = threading.Event()

    @task
    def step(n):
        begun.set()
        time.sleep(0.05)
        return n

    @flow(log_prints=True)
    def long():
        for n in range(20):
            print(f"step {n}")
            step(n)
        return "done"

    def outage():
        begun.wait()
        http.stop()
        time.sleep(3)
        http.start()

    threading.Thread(target=outage).start()
    began = time.monotonic()
    result = long()
    seconds = time.monotonic() - began

    api = http.api
    assert result == "done"
    assert 2.5 < seconds < 60
    assert api.state_names() == ["Pending", "Running", "Completed"]
    assert api.task_states("step").count("Completed") == 20
    ids = [event["id"] for event in api.events]
    assert len(ids) == len(set(ids)) == 60
    printed = [message for message in api.messages() if message.startswith("step ")]
    assert printed == [f"step {n}" for n in range(20)]
