"""Looking at queues without taking anything from them."""

import threading
import time

import pytest
from kombu import Connection, Producer

from orchestrator.broker import queues
from orchestrator.broker.queues import wait_for_message, waiting_messages
from tests.services import has_redis, redis


def send(url, queue="tasks.default"):
    with Connection(url) as sender:
        Producer(sender.channel()).publish({}, exchange="", routing_key=queue, serializer="json")


@pytest.fixture
def waiting(connection):
    """A thread that waits for a message, and how to stop it."""
    stopped = threading.Event()
    thread = threading.Thread(
        target=wait_for_message, args=(connection, "tasks.default"), kwargs={"stopped": stopped}, daemon=True
    )
    thread.stopped = stopped
    thread.start()
    yield thread
    stopped.set()
    thread.join(20)


def waits_for_the_first_message_and_leaves_it(url, connection, waiting):
    send(url, "tasks.other")
    time.sleep(0.1)
    waited = waiting.is_alive()

    send(url)
    waiting.join(20)

    assert (waited, waiting.is_alive()) == (True, False)
    assert waiting_messages(connection, "tasks.default") == 1


def test_waits_for_the_first_message_and_leaves_it(url, connection, waiting):
    waits_for_the_first_message_and_leaves_it(url, connection, waiting)


@pytest.mark.skipif(not has_redis(), reason="Redis is not installed")
class TestRedis:
    @pytest.fixture
    def url(self):
        with redis() as url:
            yield url

    def test_waits_for_the_first_message_and_leaves_it(self, url, connection, waiting):
        waits_for_the_first_message_and_leaves_it(url, connection, waiting)


class TestTheEmbeddedBroker:
    @pytest.fixture(autouse=True)
    def looks_by_itself_never(self, monkeypatch):
        monkeypatch.setattr(queues, "_LOOK_SECONDS", 60.0)

    def test_wakes_whoever_waits(self, url, waiting):
        time.sleep(0.1)

        send(url)
        waiting.join(20)

        assert not waiting.is_alive()
        waiting.stopped.set()


def test_waits_no_longer_when_it_is_to_stop(waiting):
    waiting.stopped.set()
    waiting.join(20)

    assert not waiting.is_alive()
