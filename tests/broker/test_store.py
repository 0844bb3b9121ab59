"""The leased message file, used by real processes."""

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from contextlib import suppress

import pytest

from orchestrator.broker import bells
from orchestrator.broker.store import MessageStore, Sent

fork = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "broker.db"


@pytest.fixture
def store(path):
    store = MessageStore(path, lease_seconds=30)
    yield store
    store.close()


def test_hands_out_messages_in_the_order_they_came(store):
    for payload in ("one", "two", "three"):
        store.put("q", payload)

    taken = [store.take("q").payload for _ in range(3)]

    assert taken == ["one", "two", "three"]
    assert store.take("q") is None


def test_keeps_queues_apart(store):
    store.put("a", "for a")

    assert store.take("b") is None
    assert store.take("a").payload == "for a"


def test_shows_a_leased_message_to_nobody_else(store, path):
    store.put("q", "mine")
    store.take("q")

    assert MessageStore(path).take("q") is None


def test_hands_a_message_out_again_when_its_lease_ended(path):
    first, second = MessageStore(path, lease_seconds=0.1), MessageStore(path)
    first.put("q", "again")
    first.take("q")

    time.sleep(0.15)
    leased = second.take("q")

    assert leased.payload == "again"
    assert leased.deliveries == 2


def test_renews_leases_while_the_consumer_looks(path):
    holder, other = MessageStore(path, lease_seconds=0.3), MessageStore(path)
    holder.put("q", "long work")
    holder.take_any(["q"])

    for _ in range(12):
        holder.take_any(["q"])
        time.sleep(0.05)

    assert other.take("q") is None


def test_gives_a_message_back_at_once(store, path):
    store.put("q", "returned")
    leased = store.take("q")

    store.give_back(leased.id)

    assert MessageStore(path).take("q").payload == "returned"


def test_cannot_give_back_what_somebody_else_holds_now(path):
    slow, other = MessageStore(path, lease_seconds=0.05), MessageStore(path)
    slow.put("q", "moved on")
    leased = slow.take("q")
    time.sleep(0.1)
    other.take("q")

    slow.give_back(leased.id)

    assert MessageStore(path).take("q") is None


def test_drops_a_message_that_nobody_took_in_time(store):
    store.put("q", "stale", expires_in_seconds=0.05)
    time.sleep(0.1)

    assert store.take_any(["q"]) is None
    assert store._open().execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_keeps_a_delivered_message_past_its_expiry(path, monkeypatch):
    first, second = MessageStore(path, lease_seconds=60), MessageStore(path)
    first.put("q", "delivered", expires_in_seconds=30)
    first.take("q")
    plain = time.time
    monkeypatch.setattr(time, "time", lambda: plain() + 100)

    assert second.take_any(["q"])[1].payload == "delivered"


def test_purges_only_what_nobody_holds(store):
    store.put("q", "held")
    store.put("q", "waiting")
    held = store.take("q")

    assert store.purge("q") == 1
    assert store.size("q") == 0
    store.give_back(held.id)
    assert store.size("q") == 1


def test_notices_a_message_of_another_process_right_away(store, path):
    assert store.take_any(["q"]) is None  # from here on the store believes that nothing is there

    producer = fork.Process(target=lambda: MessageStore(path).put("q", "news"))
    producer.start()
    producer.join()

    assert store.take_any(["q"])[1].payload == "news"


def test_notices_its_own_message_right_away(store):
    assert store.take_any(["q"]) is None

    store.put("q", "own")

    assert store.take_any(["q"])[1].payload == "own"


def test_gives_messages_of_a_killed_consumer_to_the_next(path):
    MessageStore(path).put("q", "survivor")
    reader, writer = os.pipe()

    def take_and_hang():
        MessageStore(path, lease_seconds=0.3).take("q")
        os.write(writer, b"x")
        time.sleep(60)

    consumer = fork.Process(target=take_and_hang)
    consumer.start()
    os.read(reader, 1)
    os.kill(consumer.pid, signal.SIGKILL)
    consumer.join()
    time.sleep(0.35)

    assert MessageStore(path).take("q").payload == "survivor"


def test_gives_a_forked_child_a_connection_and_leases_of_its_own(store, path):
    store.put("q", "of the parent")
    leased = store.take("q")

    def in_child():
        store.give_back(leased.id)  # is the parent's: must do nothing
        store.put("q", "of the child")
        ok = store.take("q").payload == "of the child"
        os._exit(0 if ok else 1)

    child = fork.Process(target=in_child)
    child.start()
    child.join()

    assert child.exitcode == 0
    assert MessageStore(path).take("q") is None
    store.give_back(leased.id)  # the lease outlived the fork
    assert MessageStore(path).take("q").payload == "of the parent"


def test_a_forked_child_does_not_wait_for_a_thread_that_it_does_not_have(store, path, monkeypatch):
    monkeypatch.setattr("orchestrator.broker.message_file.BUSY_TIMEOUT_SECONDS", 1.0)
    other = MessageStore(path)
    writes, fork_begins = threading.Event(), threading.Event()

    def write_slowly():
        with other._lock:
            other._open().execute("BEGIN IMMEDIATE")
            writes.set()
            fork_begins.wait()
            time.sleep(0.2)
            other._open().execute("COMMIT")

    def in_child():
        time.sleep(0.5)
        MessageStore(path).put("q", "of the child")

    thread = threading.Thread(target=write_slowly)
    thread.start()
    writes.wait()
    fork_begins.set()
    child = fork.Process(target=in_child)
    child.start()
    thread.join()
    child.join()

    assert child.exitcode == 0
    assert store.take("q").payload == "of the child"


def _produce(path, producer, count):
    store = MessageStore(path)
    for number in range(count):
        store.put("q", f"{producer}:{number}")


def _consume(path, output, until):
    store = MessageStore(path, lease_seconds=30)
    with open(output, "w") as file:
        while time.monotonic() < until and not os.path.exists(f"{path}.done"):
            taken = store.take_any(["q"])
            if taken is None:
                time.sleep(0.005)
                continue
            file.write(taken[1].payload + "\n")
            file.flush()
            store.finish(taken[1].id)


def test_loses_and_doubles_nothing_between_four_producers_and_two_consumers(path, tmp_path):
    outputs = [tmp_path / "first", tmp_path / "second"]
    until = time.monotonic() + 60
    consumers = [fork.Process(target=_consume, args=(path, output, until)) for output in outputs]
    producers = [fork.Process(target=_produce, args=(path, name, 200)) for name in "abcd"]

    for process in consumers + producers:
        process.start()
    for process in producers:
        process.join()
    watcher = MessageStore(path)
    while watcher._open().execute("SELECT count(*) FROM message").fetchone()[0] and time.monotonic() < until:
        time.sleep(0.02)
    (tmp_path / "broker.db.done").touch()
    for process in consumers:
        process.join()

    received = [line for output in outputs for line in output.read_text().split()]
    assert sorted(received) == sorted(f"{name}:{number}" for name in "abcd" for number in range(200))


def test_keeps_every_acknowledged_put_when_its_producer_is_killed(path):
    reader, writer = os.pipe()

    def put_for_ever():
        store = MessageStore(path)
        number = 0
        while True:
            store.put("q", str(number))
            os.write(writer, b"x")  # only what was stored is counted
            number += 1

    producer = fork.Process(target=put_for_ever)
    producer.start()
    os.read(reader, 40)
    time.sleep(0.2)
    os.kill(producer.pid, signal.SIGKILL)
    producer.join()
    os.close(writer)
    stored = 1
    while chunk := os.read(reader, 65536):
        stored += len(chunk)

    assert MessageStore(path).size("q") >= stored


def test_has_a_bell_for_queues_of_any_name(store):
    for queue in ("pool.default", "pool.my pool/ä", "../outside"):
        bell = store.bells.path(queue)

        store.put(queue, "ring")

        assert bell.parent == store.path.with_name("broker.db.bells")
        assert bell.read_bytes() == b"!"


def test_makes_no_bell_that_nobody_listens_to(store):
    store.put("replies.of-a-flow-that-is-gone", "late")

    assert not store.bells.place("replies.of-a-flow-that-is-gone").exists()


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at open files")
def test_keeps_no_more_than_some_bells_open(store, monkeypatch):
    monkeypatch.setattr(bells, "MOST_OPEN", 3)
    names = [f"replies.{number}" for number in range(8)]
    for name in names:
        store.bells.path(name)

    for name in [*names, names[0]]:
        store.put(name, "ring")

    opened = {os.path.basename(target) for target in open_files()}
    assert opened.intersection(names) == {"replies.6", "replies.7", "replies.0"}
    assert all(store.bells.path(name).read_bytes() == b"!" for name in names)


def open_files():
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            yield os.readlink(f"/proc/self/fd/{descriptor}")


def test_forgets_a_queue_with_its_bell(store):
    bell = store.bells.path("q")
    store.put("q", "payload")

    store.forget("q")

    assert store.size("q") == 0
    assert not bell.exists()


def test_delivers_the_most_urgent_message_first_and_the_oldest_of_them(store):
    for payload, priority in (("late", 9), ("first", 0), ("second", 0), ("between", 5)):
        store.put("q", payload, priority=priority)

    assert [store.take("q").payload for _ in range(4)] == ["first", "second", "between", "late"]


def test_takes_many_messages_at_once_as_it_takes_each(store):
    store.put_all([Sent("q", "late", 9), Sent("q", "stale", 0, expires_in_seconds=0.05), Sent("p", "elsewhere")])
    store.put_all([Sent("q", "first"), Sent("q", "second", expires_in_seconds=30)])
    time.sleep(0.1)

    assert [store.take("q").payload for _ in range(3)] == ["first", "second", "late"]
    assert store.take("q") is None
    assert store.take("p").payload == "elsewhere"


def test_rings_once_for_each_queue_of_many_messages(store):
    bells = [store.bells.path(queue) for queue in ("p", "q", "r")]

    store.put_all([Sent("q", "one"), Sent("p", "two"), Sent("q", "three")])

    assert [bell.read_bytes() for bell in bells] == [b"!", b"!", b""]


def test_takes_none_of_many_messages_when_one_of_them_cannot_be_stored(store):
    with pytest.raises(sqlite3.IntegrityError):
        store.put_all([Sent("q", "payload"), Sent("q", None)])

    assert store.size("q") == 0
    store.put("q", "the next one")
    assert store.take("q").payload == "the next one"


def test_goes_on_with_a_file_that_took_the_place_of_another(path):
    producer, consumer = MessageStore(path), MessageStore(path)
    producer.put("q", "of the old file")
    old = consumer.take("q")
    for each in path.parent.glob(f"{path.name}*"):
        if each.is_file():
            each.unlink()

    producer.put("q", "of the new file")
    consumer.finish(old.id)

    assert consumer.take_any(["q"])[1].payload == "of the new file"
