"""Submitted tasks over Redis, which also forgets everything once."""

import os
import threading

import pytest

from orchestrator import CeleryTaskRunner, flow, task
from orchestrator.broker.letters import connect
from orchestrator.broker.queues import waiting_messages
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.runners import flights
from tests.services import has_redis
from tests.waiting import eventually
from tests.worker.tasks.test_serving import Host
from tests.worker.test_broker_loss import Redis

pytestmark = pytest.mark.skipif(not has_redis(), reason="Redis is not installed")


@pytest.fixture
def redis(tmp_path, monkeypatch):
    redis = Redis(tmp_path)
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    monkeypatch.setenv("ORCHESTRATOR_BROKER_URL", redis.url)
    monkeypatch.setenv("ORCHESTRATOR_PROBE_SECONDS", "1")
    monkeypatch.delenv("ORCHESTRATOR_SIGNING_KEY", raising=False)
    with use_client(None):
        yield redis
    if redis.process.poll() is None:
        redis.kill()


@task
def square(number):
    return number * number, os.getpid()


@flow(task_runner=CeleryTaskRunner)
def squares():
    return [number for number, _ in square.map(range(30)).result()]


def test_executes_tasks_and_leaves_nothing_on_the_broker(redis, tmp_path):
    host = Host(tmp_path, "--tasks", "2")

    try:
        numbers = squares()
    finally:
        host.close()

    assert numbers == [number * number for number in range(30)]
    with connect(redis.url) as connection:
        client = connection.default_channel.client
        assert [key for key in client.keys("*") if key.startswith((b"replies.", b"tasks."))] == []


def test_sends_again_what_the_broker_forgot(redis, tmp_path, monkeypatch):
    monkeypatch.setattr(flights, "UNTAKEN_SECONDS", 0.5)
    monkeypatch.setattr(flights, "MOST_RESENDS", 50)
    came = []
    waits = threading.Thread(target=lambda: came.append(squares()))
    waits.start()
    with connect(redis.url) as connection:
        eventually(lambda: waiting_messages(connection, "tasks.default") == 30)

    redis.kill()
    redis.start()
    host = Host(tmp_path, "--tasks", "2")

    try:
        waits.join(60)
        assert came == [[number * number for number in range(30)]]
    finally:
        host.close()
