"""A child that is forked while a thread of its parent uses the pool of connections to Redis."""

from __future__ import annotations

import multiprocessing
import threading

from orchestrator.broker.letters import connect
from tests.waiting import eventually

FORKING = multiprocessing.get_context("fork")


def test_begins_although_a_thread_that_is_not_in_it_held_the_lock_of_the_pool(redis_url):
    with connect(redis_url) as connection:
        channel = connection.default_channel
        held, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with channel.pool._lock:
                held.set()
                leave.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = FORKING.Process(target=int, daemon=True)
        try:
            child.start()
            eventually(lambda: child.exitcode is not None, seconds=20)
        finally:
            leave.set()
            thread.join()
            child.kill()
        assert child.exitcode == 0
        assert channel.client.ping()  # what is the parent's stays open


def test_keeps_the_word_for_what_it_speaks_to(redis_url):
    """Others ask the transport of a connection whether it is Redis."""
    with connect(redis_url) as connection:
        assert connection.transport.driver_type == "redis"
