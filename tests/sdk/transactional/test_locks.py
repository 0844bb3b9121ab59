from __future__ import annotations

import threading
from uuid import uuid4

import pytest

from orchestrator import FileSystemLockManager, MemoryLockManager, TransactionError


@pytest.fixture(params=["memory", "files"])
def locks(request, tmp_path):
    return MemoryLockManager() if request.param == "memory" else FileSystemLockManager(tmp_path / "locks")


@pytest.fixture
def key():
    return f"key/{uuid4()}"


def test_gives_a_lock_to_one_holder_at_a_time(locks, key):
    assert locks.acquire_lock(key, "one")

    assert not locks.acquire_lock(key, "other", acquire_timeout=0.02)
    assert locks.is_locked(key)
    assert locks.is_lock_holder(key, "one")
    assert not locks.is_lock_holder(key, "other")


def test_gives_it_again_to_who_has_it(locks, key):
    locks.acquire_lock(key, "one")

    assert locks.acquire_lock(key, "one", acquire_timeout=0)


def test_lets_somebody_wait_for_it(locks, key):
    locks.acquire_lock(key, "one")
    got = threading.Event()
    other = threading.Thread(target=lambda: locks.acquire_lock(key, "other") and got.set())
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
    with pytest.raises(TransactionError, match="not held by 'one'"):
        locks.release_lock(key, "one")


def test_waits_no_longer_than_it_may(locks, key):
    locks.acquire_lock(key, "one")

    assert not locks.wait_for_lock(key, timeout=0.02)
    assert locks.wait_for_lock(f"{key}/free", timeout=0)


def test_keeps_one_of_many_inside(locks, key):
    inside, most = [], []

    def enter(holder: str) -> None:
        locks.acquire_lock(key, holder)
        inside.append(holder)
        most.append(len(inside))
        inside.remove(holder)
        locks.release_lock(key, holder)

    threads = [threading.Thread(target=enter, args=(str(number),)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 12
