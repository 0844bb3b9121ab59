"""Transactions that are done once for a key, and the locks that keep others out meanwhile."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from orchestrator import (
    CachePolicy,
    IsolationLevel,
    MemoryLockManager,
    ResultStore,
    TransactionError,
    task,
    transaction,
)
from orchestrator.sdk.errors import RunCancelled
from orchestrator.sdk.transactional.locks import _held_here


def test_is_done_once_for_a_key(tmp_path):
    store, done = ResultStore(tmp_path), []

    for _ in range(2):
        with transaction(key="import", store=store) as txn:
            if not txn.is_committed():
                done.append(1)
                txn.stage({"rows": 3})
        assert txn.read().result == {"rows": 3}
    with transaction(key="import", store=store, overwrite=True) as txn:
        assert not txn.is_committed()
        txn.stage({"rows": 4})

    assert done == [1]
    assert store.read("import").result == {"rows": 4}


def test_is_done_once_for_a_key_also_when_nothing_was_staged(tmp_path):
    with transaction(key="done", store=ResultStore(tmp_path)) as first:
        assert not first.is_committed()
    with transaction(key="unwritten", store=ResultStore(tmp_path), write_on_commit=False):
        pass

    with transaction(key="done", store=ResultStore(tmp_path)) as second:
        assert second.is_committed()
        assert second.read().result is None
    with transaction(key="unwritten", store=ResultStore(tmp_path)) as again:
        assert not again.is_committed()


def test_stores_nothing_when_it_fails(tmp_path):
    store = ResultStore(tmp_path)

    with suppress(RuntimeError), transaction(key="k", store=store) as txn:
        txn.stage(1)
        raise RuntimeError("stop")

    assert not store.exists("k")


def test_keeps_others_with_the_same_key_out(tmp_path):
    store = ResultStore(tmp_path, lock_manager=MemoryLockManager())
    inside, most = [], []

    def work():
        with transaction(key="only one", store=store, isolation_level=IsolationLevel.SERIALIZABLE) as txn:
            if txn.is_committed():
                return
            inside.append(1)
            most.append(len(inside))
            txn.stage(1)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]
    assert not store.lock_manager.is_locked("only one")


def test_leaves_no_lock_behind_when_its_waiting_is_cancelled(tmp_path, monkeypatch):
    monkeypatch.setattr("orchestrator.sdk.transactional.turns._WAIT_SECONDS", 0.01)
    locks = MemoryLockManager()
    policy = CachePolicy.from_cache_key_fn(lambda context, parameters: "cancelled")
    policy = policy.configure(isolation_level="SERIALIZABLE", lock_manager=locks)

    @task(cache_policy=policy, result_storage=tmp_path)
    async def work():
        return 1

    async def wait_a_little():
        with suppress(TimeoutError):
            await asyncio.wait_for(work(), 0.05)

    locks.acquire_lock("cancelled", "somebody")
    asyncio.run(wait_a_little())
    locks.release_lock("cancelled", "somebody")

    assert locks.wait_for_lock("cancelled", timeout=5)
    assert asyncio.run(work()) == 1


@pytest.mark.parametrize("comes", ["after the holder", "while nobody waits"])
def test_leaves_no_lock_behind_when_its_beginning_is_cancelled(tmp_path, monkeypatch, comes):
    monkeypatch.setattr("orchestrator.sdk.transactional.turns._WAIT_SECONDS", 0.01)
    locks = MemoryLockManager()
    store = ResultStore(tmp_path, lock_manager=locks)

    async def begin():
        async with transaction(key=comes, store=store, isolation_level="SERIALIZABLE"):
            raise AssertionError("it has begun")

    async def wait_a_little():
        with suppress(TimeoutError):
            await asyncio.wait_for(begin(), 0.05)
        if comes == "after the holder":
            locks.release_lock(comes, "somebody")

    locks.acquire_lock(comes, "somebody")
    asyncio.run(wait_a_little())
    if comes == "while nobody waits":
        locks.release_lock(comes, "somebody")

    assert locks.wait_for_lock(comes, timeout=5)
    with transaction(key=comes, store=store, isolation_level="SERIALIZABLE"):
        assert locks.is_locked(comes)


def test_ends_without_a_lock_when_the_locks_cannot_be_reached(tmp_path):
    class Away(MemoryLockManager):
        def acquire_lock(self, *_, **__):
            raise TransactionError("away")

    txn = transaction(key="k", store=ResultStore(tmp_path, lock_manager=Away()), isolation_level="SERIALIZABLE")

    with pytest.raises(TransactionError, match="away"), txn:
        pass
    assert txn.is_rolled_back()


def stops(txn):
    raise RunCancelled("enough")


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("stopped", ["outer", "inner"])
def test_leaves_no_lock_behind_when_a_hook_is_stopped(tmp_path, end, stopped):
    store = ResultStore(tmp_path, lock_manager=MemoryLockManager())
    made, keys = {}, {name: f"{end} {stopped} {name}" for name in ("outer", "first", "inner", "last")}

    def opened(name):
        made[name] = transaction(key=keys[name], store=store, isolation_level=IsolationLevel.SERIALIZABLE)
        return made[name]

    def work():
        with opened("outer"):
            for name in ("first", "inner", "last"):
                with opened(name) as txn:
                    txn.stage(name)
            (made[stopped].on_commit_hooks if end == "commit" else made[stopped].on_rollback_hooks).append(stops)
            if end == "rollback":
                raise ValueError("undo")

    with pytest.raises(RunCancelled):
        work()
    assert made["outer"].is_rolled_back()
    assert [key for key in keys.values() if store.lock_manager.is_locked(key)] == []


@pytest.mark.parametrize("when", ["inside", "in a hook"])
def test_is_rolled_back_when_its_lock_was_lost(tmp_path, when):
    store = ResultStore(tmp_path, lock_manager=MemoryLockManager())
    undone = []

    def lose(txn=None):
        _held_here.pop(when)
        store.lock_manager.acquire_lock(when, "somebody else")

    with transaction(key=when, store=store, isolation_level=IsolationLevel.SERIALIZABLE) as txn:
        txn.stage(1, on_rollback_hooks=[undone.append], on_commit_hooks=[lose] if when == "in a hook" else [])
        if when == "inside":
            lose()

    assert txn.is_rolled_back()
    assert undone == [txn]
    assert not store.exists(when)
    assert store.lock_manager.is_lock_holder(when, "somebody else")
    store.lock_manager.release_lock(when, "somebody else")
