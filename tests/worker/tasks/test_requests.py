"""What a worker makes of a submission that comes to it twice."""

import time
from types import SimpleNamespace

import pytest
from celery import Celery
from celery.worker.state import active_requests

from orchestrator.worker.tasks import requests
from orchestrator.worker.tasks.requests import TaskRequest
from orchestrator.worker.tasks.seen import Seen


@pytest.fixture
def receive(monkeypatch):
    """Gives the request that Celery makes of a message with this signature."""
    monkeypatch.setattr(requests, "_seen", Seen())
    app = Celery("tested", set_as_current=False)

    @app.task(name="run", shared=False)
    def run(**_):
        pass

    def receive(*signatures):
        runs = [{"signature": each, "key": each, "attempt": 1, "sending": 1, "reply_to": "q"} for each in signatures]
        told = runs[0] if len(runs) == 1 else {"runs": runs}
        message = SimpleNamespace(
            headers={"id": "1", "task": "run"},
            payload=([], told, {}),
            delivery_info={},
            properties={},
            content_type="application/json",
            content_encoding="utf-8",
        )
        return TaskRequest(message, app=app, task=app.tasks["run"], decoded=True, body=message.payload)

    return receive


def test_knows_that_it_still_executes_what_comes_again(receive):
    first = receive("one")
    active_requests.add(first)

    again = receive("one")

    assert (first.delivery_info["redelivered"], "executes" in first.delivery_info) == (False, False)
    assert (again.delivery_info["redelivered"], again.delivery_info["executes"]) == (True, True)
    active_requests.discard(first)


def test_knows_that_it_executes_no_more_what_comes_again(receive):
    receive("one")
    other = receive("two")
    active_requests.add(other)

    again = receive("one")

    assert (again.delivery_info["redelivered"], again.delivery_info["executes"]) == (True, False)
    active_requests.discard(other)


def test_knows_each_of_several_that_came_together(receive):
    receive("one", "two")

    assert receive("two").delivery_info["redelivered"]
    assert receive("three", "one").delivery_info["redelivered"]


def test_knows_that_it_still_executes_what_came_together(receive):
    first = receive("one", "two")
    active_requests.add(first)

    again = receive("one", "two")

    assert (again.delivery_info["redelivered"], again.delivery_info["executes"]) == (True, True)
    active_requests.discard(first)


@pytest.fixture
def told(monkeypatch):
    """What the worker told flows."""
    letters = []
    office = SimpleNamespace(answer=lambda queue, letter, **_: letters.append((queue, letter)))
    monkeypatch.setattr(requests, "office_here", lambda: office)
    return letters


def test_tells_what_died_with_its_process_in_the_order_in_which_it_came(receive, told):
    receive("one", "two")._tell_lost("It died.")

    runs = [["one", 1, 1], ["two", 1, 1]]
    assert told == [("q", {"kind": "lost together", "runs": runs, "reason": "It died."})]


def test_tells_of_one_by_its_name(receive, told):
    receive("one")._tell_lost("It died.")

    assert told == [("q", {"kind": "lost", "key": "one", "attempt": 1, "sending": 1, "reason": "It died."})]


@pytest.mark.parametrize(
    ("signatures", "age_seconds", "executing"),
    [
        (["one"], 0, ["one"]),
        (["one", "two"], 0, []),  # which of them begins is not known, and those that do not are given back
        (["one", "two"], 5, ["one", "two"]),  # by now a letter says of the others that they did not begin
    ],
)
def test_tells_of_life_once_it_is_known_what_executes(receive, signatures, age_seconds, executing):
    request = receive(*signatures)
    request.worker_pid, request.time_start = 1, time.time() - age_seconds

    assert [each["key"] for each in requests._that_execute(request)] == executing


def test_tells_no_life_of_what_waits_for_a_process(receive):
    assert requests._that_execute(receive("one")) == []
