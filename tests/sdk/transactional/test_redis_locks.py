"""Locks in a real Redis."""

import pickle
import subprocess
import sys
import threading
from uuid import uuid4

import pytest

from orchestrator import INPUTS, IsolationLevel, RedisLockManager, TransactionError, task, transaction
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.results.store import ResultStore
from orchestrator.sdk.transactional import renewing
from tests import services

pytestmark = pytest.mark.skipif(not services.has_redis(), reason="Redis is not installed")


@pytest.fixture(scope="module")
def url():
    with services.redis() as address:
        yield address


@pytest.fixture
def locks(url):
    return RedisLockManager(url=url)


@pytest.fixture
def key():
    return f"key/{uuid4()}"


def test_gives_a_lock_to_one_holder_at_a_time(locks, key):
    assert locks.acquire_lock(key, "one")

    assert locks.acquire_lock(key, "one", acquire_timeout=0)
    assert not locks.acquire_lock(key, "other", acquire_timeout=0.02)
    assert locks.is_locked(key)
    assert locks.is_lock_holder(key, "one")
    assert not locks.is_lock_holder(key, "other")
    with pytest.raises(TransactionError, match="not held by 'other'"):
        locks.release_lock(key, "other")
    locks.release_lock(key, "one")
    assert not locks.is_locked(key)


def test_lets_another_manager_wait_for_it(locks, key, url):
    locks.acquire_lock(key, "one")
    got = threading.Event()
    other = threading.Thread(target=lambda: RedisLockManager(url=url).acquire_lock(key, "other") and got.set())
    other.start()

    assert not got.wait(0.02)
    locks.release_lock(key, "one")
    assert got.wait(5)
    other.join()
    assert locks.is_lock_holder(key, "other")


def test_takes_it_away_after_its_time(locks, key):
    locks.acquire_lock(key, "one", hold_timeout=0.02)

    assert locks.wait_for_lock(key, timeout=5)
    assert locks.acquire_lock(key, "other", acquire_timeout=0)


def test_holds_it_for_longer_than_its_lease(locks, key, monkeypatch):
    monkeypatch.setattr(renewing, "LEASE_SECONDS", 0.15)

    locks.acquire_lock(key, "one")

    assert not locks.acquire_lock(key, "other", acquire_timeout=0.4)
    locks.release_lock(key, "one")


def test_frees_the_lock_of_a_process_that_died(locks, key, url):
    program = f"""
import os, signal
from orchestrator import RedisLockManager
from orchestrator.sdk.transactional import renewing
renewing.LEASE_SECONDS = 0.3
RedisLockManager(url={url!r}).acquire_lock({key!r}, "dead")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False)

    assert locks.acquire_lock(key, "heir", acquire_timeout=5)


def test_travels_to_other_processes(locks, key):
    copy = pickle.loads(pickle.dumps(locks))
    copy.acquire_lock(key, "one")

    assert copy == locks
    assert locks.is_lock_holder(key, "one")


def test_lets_one_transaction_in_at_a_time(locks, key, tmp_path):
    store = ResultStore(tmp_path, lock_manager=locks)

    with use_client(None), transaction(key=key, store=store, isolation_level=IsolationLevel.SERIALIZABLE) as made:
        made.stage("x")
        assert locks.is_locked(key)

    assert not locks.is_locked(key)


def test_serves_the_cache_of_a_task(locks, tmp_path):
    times = []

    @task(
        cache_policy=INPUTS.configure(isolation_level=IsolationLevel.SERIALIZABLE, lock_manager=locks),
        result_storage=tmp_path,
    )
    def counted(number):
        times.append(number)
        return number

    with use_client(None):
        threads = [threading.Thread(target=counted, args=(7,)) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    assert times == [7]


def test_does_not_wait_for_ever_for_an_answer(url):
    for locks in (RedisLockManager(), RedisLockManager(url=url)):
        assert 0 < locks._redis.connection_pool.connection_kwargs["socket_timeout"] < renewing.LEASE_SECONDS / 3


def test_says_where_redis_is_not():
    with pytest.raises(TransactionError, match=r"cannot be reached \(RedisLockManager\(127.0.0.1:1/0\)\)"):
        RedisLockManager("127.0.0.1", 1, password="secret").is_locked("x")
