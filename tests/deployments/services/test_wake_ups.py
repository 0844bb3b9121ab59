"""The messages themselves, over real brokers: a worker's app has to take them for its own."""

from __future__ import annotations

from uuid import UUID

import pytest
from celery import Celery
from kombu import Consumer, Queue

from deployments.services import wake_ups
from deployments.services.wake_ups import WakeUp, send_wake_ups
from orchestrator.broker import CELERY_OPTIONS, broker_url, register
from tests.services import has_redis, redis

RUNS = [UUID(int=number) for number in range(3)]


def sender(broker, monkeypatch):
    register()
    app = Celery("sender", broker=broker, set_as_current=False)
    app.conf.update(CELERY_OPTIONS)
    monkeypatch.setattr(wake_ups, "current_app", app)
    return app


@pytest.fixture
def app(tmp_path, monkeypatch):
    return sender(broker_url(tmp_path / "broker.db"), monkeypatch)


def received(app, queue):
    found = []
    with app.connection() as connection:
        consumer = Consumer(connection.channel(), [Queue(queue, no_declare=True)], accept=["json"])
        consumer.on_message = lambda message: (found.append(message), message.ack())
        with consumer:
            try:
                while True:
                    connection.drain_events(timeout=0.5)
            except TimeoutError:
                return found


def runs_of(messages):
    return [UUID(message.payload[1]["flow_run_id"]) for message in messages]


def test_arrive_in_their_order_each_on_its_queue(app):
    send_wake_ups([WakeUp(run, "local", "pool.local", 0) for run in RUNS] + [WakeUp(RUNS[0], "other", "pool.other", 0)])

    assert runs_of(received(app, "pool.local")) == RUNS
    assert [message.payload[1]["pool"] for message in received(app, "pool.other")] == ["other"]


@pytest.mark.skipif(not has_redis(), reason="Redis is not installed")
@pytest.mark.parametrize("count", [1, 3])
def test_arrive_in_their_order_over_redis_too(monkeypatch, count):
    with redis() as url:
        app = sender(url, monkeypatch)
        send_wake_ups([WakeUp(run, "local", "pool.local", 0) for run in RUNS[:count]])

        assert runs_of(received(app, "pool.local")) == RUNS[:count]
        app.close()


def test_put_the_urgent_ones_first(app):
    send_wake_ups([WakeUp(RUNS[0], "local", "pool.local", 9), WakeUp(RUNS[1], "local", "pool.local", 0)])

    assert [message.payload[1]["flow_run_id"] for message in received(app, "pool.local")] == [
        str(RUNS[1]),
        str(RUNS[0]),
    ]


def test_say_what_celery_would_have_said(app):
    send_wake_ups([WakeUp(RUNS[0], "local", "pool.local", 3, soft_time_limit=50.0, time_limit=90.0)])
    app.send_task(
        "orchestrator.execute",
        kwargs={"flow_run_id": str(RUNS[0]), "pool": "local"},
        queue="pool.local",
        priority=3,
        expires=120,
        soft_time_limit=50.0,
        time_limit=90.0,
        ignore_result=True,
    )

    ours, celerys = received(app, "pool.local")
    own = ("id", "root_id", "expires", "argsrepr", "kwargsrepr")  # of each message, or words for a log
    assert ours.payload == celerys.payload
    assert {name: value for name, value in ours.headers.items() if name not in own} == {
        name: value for name, value in celerys.headers.items() if name not in own
    }
    assert ours.headers["root_id"] == ours.headers["id"]
    assert ours.properties["expiration"] == celerys.properties["expiration"]
    assert (ours.content_type, ours.content_encoding) == (celerys.content_type, celerys.content_encoding)


def test_ask_no_broker_for_nothing(monkeypatch):
    monkeypatch.setattr(wake_ups, "current_app", None)

    send_wake_ups([])
