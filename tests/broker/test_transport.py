"""The embedded broker as kombu and Celery see it."""

import sqlite3
import threading
import time
from contextlib import contextmanager

import pytest
from celery import Celery
from kombu import Connection, Consumer, Producer
from kombu.exceptions import OperationalError

from orchestrator.broker import CELERY_OPTIONS, message_file, transport
from orchestrator.broker.transport import path_of


def publish(connection, body, queue="q", **options):
    Producer(connection.channel()).publish(body, exchange="", routing_key=queue, serializer="json", **options)


def receive(connection, queue="q", *, timeout=1.0, accept=True):
    """The bodies that arrive within the timeout."""
    bodies = []

    def take(body, message):
        bodies.append(body)
        if accept:
            message.ack()

    channel = connection.channel()
    with Consumer(channel, queues=[_queue(queue)], callbacks=[take], accept=["json"]):
        try:
            while True:
                connection.drain_events(timeout=timeout)
        except TimeoutError:
            pass
    return bodies, channel


@contextmanager
def consuming(connection, *, prefetch):
    """The messages that have come, of which so many may be unacknowledged at once."""
    channel = connection.channel()
    channel.basic_qos(0, prefetch, False)
    messages = []
    with Consumer(
        channel, queues=[_queue("q")], callbacks=[lambda _, message: messages.append(message)], accept=["json"]
    ):
        yield messages


def _queue(name):
    from kombu import Queue

    return Queue(name, exchange=None, routing_key=name, no_declare=True)


def test_carries_a_message(connection):
    publish(connection, {"hello": "world"})

    assert receive(connection, timeout=0.2)[0] == [{"hello": "world"}]


def test_gives_unacknowledged_messages_back_when_the_channel_closes(connection, url):
    publish(connection, "again")
    bodies, channel = receive(connection, timeout=0.2, accept=False)

    channel.close()

    assert bodies == ["again"]
    with Connection(url) as other:
        assert receive(other, timeout=0.2)[0] == ["again"]


def test_drops_expired_messages(connection):
    publish(connection, "stale", expiration=0.05)
    time.sleep(0.1)

    assert receive(connection, timeout=0.2)[0] == []


def test_holds_back_when_the_prefetch_limit_is_reached(connection):
    for number in range(3):
        publish(connection, number)
    channel = connection.channel()
    bodies = []
    channel.basic_qos(0, 1, False)
    with Consumer(
        channel, queues=[_queue("q")], callbacks=[lambda body, message: bodies.append(body)], accept=["json"]
    ):
        for _ in range(3):
            with pytest.raises(TimeoutError) if bodies else _nothing():
                connection.drain_events(timeout=0.1)

    assert bodies == [0]


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_serves_several_queues_in_turn(connection):
    for number in range(3):
        publish(connection, f"a{number}", queue="a")
        publish(connection, f"b{number}", queue="b")
    order = []

    def take(body, message):
        order.append(body)
        message.ack()

    with Consumer(connection.channel(), queues=[_queue("a"), _queue("b")], callbacks=[take], accept=["json"]):
        for _ in range(6):
            connection.drain_events(timeout=0.2)

    assert order == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_routes_a_celery_task_to_the_queue_it_names(url, connection):
    app = Celery("sender", broker=url)
    app.conf.update(CELERY_OPTIONS)

    app.send_task("orchestrator.execute", kwargs={"flow_run_id": "x"}, queue="pool.default", expires=30)

    [(_, kwargs, _)] = receive(connection, "pool.default", timeout=0.2)[0]
    assert kwargs == {"flow_run_id": "x"}
    app.close()


def test_looks_seldom_while_nothing_happens(connection, monkeypatch):
    monkeypatch.setattr(transport, "LOOK_SECONDS", 0.1)
    ear, looks = connection.transport.ear, []
    plain = ear.wait
    monkeypatch.setattr(ear, "wait", lambda seconds: (looks.append(seconds), plain(seconds)))

    receive(connection, timeout=0.5)

    assert 1 <= len(looks) <= 10


def test_keeps_a_queue_with_messages_that_was_to_be_deleted_if_it_is_empty(connection):
    publish(connection, "kept")
    channel = connection.channel()

    channel.queue_delete("q", if_empty=True)

    assert receive(connection, timeout=0.2)[0] == ["kept"]

    publish(connection, "gone")
    channel.queue_delete("q")

    assert receive(connection, timeout=0.2)[0] == []


def test_sends_a_batch_at_its_end(connection):
    producer = Producer(connection.channel())

    with producer.batch():
        for number in range(3):
            producer.publish(number, exchange="", routing_key="q", serializer="json")
        before = receive(connection, timeout=0.1)[0]

    assert before == []
    assert receive(connection, timeout=0.2)[0] == [0, 1, 2]
    producer.publish("later", exchange="", routing_key="q", serializer="json")
    assert receive(connection, timeout=0.2)[0] == ["later"]


def test_sends_a_batch_in_parts_when_it_is_large(connection):
    producer = Producer(connection.channel())

    with producer.batch(max_size=2):
        for number in range(3):
            producer.publish(number, exchange="", routing_key="q", serializer="json")
        assert receive(connection, timeout=0.2)[0] == [0, 1]

    assert receive(connection, timeout=0.2)[0] == [2]


def test_sends_nothing_of_a_batch_after_an_error(connection):
    producer = Producer(connection.channel())

    def send():
        with producer.batch():
            producer.publish("never", exchange="", routing_key="q", serializer="json")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send()
    assert receive(connection, timeout=0.2)[0] == []


def test_says_in_the_librarys_words_that_a_batch_cannot_be_sent(connection, monkeypatch):
    monkeypatch.setattr(message_file, "BUSY_TIMEOUT_SECONDS", 0.1)
    producer = Producer(connection.channel())
    other = sqlite3.connect(producer.channel.store.path, isolation_level=None)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("CREATE TABLE lock (id)")

    def send():
        with producer.batch():
            producer.publish("late", exchange="", routing_key="q", serializer="json")
            producer.channel.store.size("q")  # the file is open by now
            other.execute("BEGIN IMMEDIATE")

    with pytest.raises(OperationalError, match="locked"):
        send()
    other.close()


def test_reads_the_path_from_the_url():
    assert str(path_of("file:///a/b.db")) == "/a/b.db"
    assert str(path_of("file:////a/b.db")) == "/a/b.db"
    with pytest.raises(ValueError, match="sqlite\\+file"):
        path_of("http://nowhere")


def test_is_woken_by_what_is_sent(url, connection, monkeypatch):
    monkeypatch.setattr(transport, "LOOK_SECONDS", 60.0)  # so long would it take without the bell

    with Connection(url) as sender:
        publish(sender, "warm")
        receive(connection, timeout=0.2)
        threading.Timer(0.1, lambda: publish(sender, time.monotonic())).start()
        arrived = []
        queues = [_queue("q")]
        with Consumer(
            connection.channel(), queues=queues, callbacks=[lambda b, m: arrived.append(time.monotonic() - b)]
        ):
            connection.drain_events(timeout=60)

    assert arrived[0] < 30


def test_wakes_up_when_another_thread_makes_room(connection, monkeypatch):
    monkeypatch.setattr(transport, "LOOK_SECONDS", 60.0)
    for number in range(2):
        publish(connection, number)
    with consuming(connection, prefetch=1) as messages:
        connection.drain_events(timeout=1)
        began = time.monotonic()
        threading.Timer(0.05, messages[0].ack).start()
        connection.drain_events(timeout=60)

    assert time.monotonic() - began < 30


def test_sleeps_on_when_another_thread_acknowledges_and_there_was_room_anyway(connection, monkeypatch):
    nudges = []
    monkeypatch.setattr(connection.transport.ear, "nudge", lambda: nudges.append("room"))
    for number in range(3):
        publish(connection, number)
    with consuming(connection, prefetch=3) as messages:
        for _ in range(3):
            connection.drain_events(timeout=1)
        for message in messages:
            message.ack()

    assert len(nudges) == 1
