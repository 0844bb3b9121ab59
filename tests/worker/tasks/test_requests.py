"""What a worker makes of a submission that comes to it twice."""

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

    def receive(signature):
        message = SimpleNamespace(
            headers={"id": "1", "task": "run"},
            payload=([], {"signature": signature}, {}),
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
