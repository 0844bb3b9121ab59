from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from orchestrator import (
    CachePolicy,
    CommitMode,
    IsolationLevel,
    MemoryLockManager,
    ResultStore,
    TransactionError,
    flow,
    get_transaction,
    task,
    transaction,
)
from orchestrator.sdk.errors import RunCancelled
from orchestrator.sdk.transactional.locks import _held_here


class Book:
    """What was done, and what was called, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def task(self, name: str, **options):
        @task(name=name, **options)
        def made(fails: bool = False):
            self.lines.append(f"does {name}")
            if fails:
                raise ValueError(name)
            return name

        made.on_commit(lambda txn: self.lines.append(f"commits {name}"))
        made.on_rollback(lambda txn: self.lines.append(f"undoes {name}"))
        return made


@pytest.fixture
def book():
    return Book()


def test_commits_everything_at_its_end(book):
    one, two = book.task("one"), book.task("two")

    with transaction() as txn:
        one()
        two()
        assert not txn.is_committed()

    assert txn.is_committed()
    assert book.lines == ["does one", "does two", "commits one", "commits two"]


def test_undoes_everything_in_reverse_order(book):
    one, two, three = book.task("one"), book.task("two"), book.task("three")

    with suppress(ValueError), transaction() as txn:
        one()
        two()
        three(fails=True)

    assert txn.is_rolled_back()
    assert book.lines == ["does one", "does two", "does three", "undoes two", "undoes one"]


def test_is_rolled_back_by_an_error_of_its_own(book):
    one = book.task("one")

    with suppress(RuntimeError), transaction():
        one()
        raise RuntimeError("stop")

    assert book.lines == ["does one", "undoes one"]


def test_tells_the_server_what_was_rolled_back(api, book):
    one = book.task("one")

    @flow
    def main():
        with transaction():
            one()
            raise RuntimeError("stop")

    assert main(return_state=True).is_failed()
    assert api.task_states("one") == ["Pending", "Running", "Completed", "RolledBack"]
    last = api.last_event("one")["payload"]
    assert last["intended"] == {"from": "COMPLETED", "to": "COMPLETED"}
    assert any("Calls rollback hook" in message for message in api.messages())


def test_takes_submitted_tasks_in(book):
    one, two = book.task("one"), book.task("two")

    @flow
    def main():
        with transaction():
            one.submit().result()
            two.submit().result()
            raise RuntimeError("stop")

    assert main(return_state=True).is_failed()
    assert book.lines == ["does one", "does two", "undoes two", "undoes one"]


def test_undoes_what_a_submitted_task_did_after_it_was_over(book):
    begun, over = threading.Event(), threading.Event()
    lines = []

    @task
    def late():
        begun.set()
        over.wait(5)
        lines.append("does late")

    @late.on_rollback
    def undo(txn):
        lines.append("undoes late")

    @flow
    def main():
        with suppress(RuntimeError), transaction():
            future = late.submit()
            begun.wait(5)
            raise RuntimeError("stop")
        over.set()
        future.wait()
        return future.state.name

    main()

    assert lines == ["does late", "undoes late"]


def test_is_nested(book):
    one, two = book.task("one"), book.task("two")

    with transaction() as outer:
        one()
        with transaction() as inner:
            assert get_transaction() is inner
            two()
        assert get_transaction() is outer
        assert "commits two" not in book.lines

    assert book.lines[2:] == ["commits one", "commits two"]


def test_takes_the_one_around_it_down(book):
    one, two = book.task("one"), book.task("two")

    with transaction() as outer:
        one()
        with suppress(ValueError), transaction():
            two(fails=True)

    assert outer.is_rolled_back()
    assert book.lines == ["does one", "does two", "undoes one"]


def test_commits_at_once_where_asked(book):
    one = book.task("one")

    with suppress(RuntimeError), transaction():
        with transaction(commit_mode=CommitMode.EAGER):
            one()
        raise RuntimeError("stop")

    assert book.lines == ["does one", "commits one"]


def test_commits_only_by_hand_where_asked(book):
    one = book.task("one")

    with transaction(commit_mode="OFF"):
        one()
    with transaction(commit_mode=CommitMode.OFF) as txn:
        one()
        assert txn.commit()

    assert book.lines == ["does one", "undoes one", "does one", "commits one"]


def test_is_what_a_task_run_is(book):
    inner = book.task("inner")

    @task
    def outer(fails):
        inner()
        if fails:
            raise RuntimeError("outer")

    outer(False)
    assert outer(True, return_state=True).is_failed()

    assert book.lines == ["does inner", "commits inner", "does inner", "undoes inner"]


def test_undoes_what_a_failed_try_did_before_the_next(book):
    inner, tries = book.task("inner"), []

    @task(retries=1)
    def outer():
        inner()
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("once")

    with transaction():
        outer()

    assert book.lines == ["does inner", "undoes inner", "does inner", "commits inner"]


def test_keeps_values_for_hooks_and_inner_ones():
    seen = []

    @task
    def write(path):
        get_transaction().set("path", path)

    @write.on_rollback
    def remove(txn):
        seen.append(txn.get("path"))

    with suppress(RuntimeError), transaction() as txn:
        txn.set("who", ["Ada"])
        write("/tmp/x")
        with transaction() as inner:
            inner.get("who").append("changes a copy")
            assert inner.get("who") == ["Ada"]
            assert inner.get("nothing", 1) == 1
            with pytest.raises(TransactionError, match="nothing"):
                inner.get("nothing")
        raise RuntimeError("stop")

    assert seen == ["/tmp/x"]


def test_goes_on_undoing_when_a_hook_fails(book):
    one = book.task("one")

    @task
    def two():
        """Nothing."""

    @two.on_rollback
    def broken(txn):
        raise RuntimeError("hook")

    with suppress(ValueError), transaction():
        one()
        two()
        raise ValueError("stop")

    assert book.lines == ["does one", "undoes one"]


def test_is_rolled_back_when_a_commit_hook_fails(book):
    one, two = book.task("one"), book.task("two")
    two.on_commit(lambda txn: 1 / 0)

    with transaction() as txn:
        one()
        two()

    assert txn.is_rolled_back()
    assert book.lines[-1] == "undoes two"


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


def test_undoes_everything_when_a_commit_hook_is_stopped(book):
    one, two = book.task("one"), book.task("two")
    two.on_commit(stops)

    def work():
        with transaction():
            one()
            two()

    with pytest.raises(RunCancelled):
        work()
    assert book.lines == ["does one", "does two", "commits one", "commits two", "undoes two"]


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


def test_says_how_far_it_is():
    with transaction() as txn:
        assert (txn.is_active(), txn.is_staged()) == (True, False)
        txn.stage(1)
        assert (txn.is_active(), txn.is_staged()) == (False, True)

    assert (txn.is_staged(), txn.is_committed()) == (False, True)


def test_refuses_isolation_without_locks(tmp_path):
    with (
        pytest.raises(TransactionError, match="lock manager"),
        transaction(key="k", store=ResultStore(tmp_path), isolation_level="SERIALIZABLE"),
    ):
        pass


def test_refuses_to_be_entered_twice():
    txn = transaction()
    with txn:
        pass

    with pytest.raises(TransactionError, match="once"), txn:
        pass


def test_works_in_async_code(book):
    lines = []

    @task
    async def one():
        lines.append("does one")

    @one.on_rollback
    async def undo(txn):
        await asyncio.sleep(0)
        lines.append("undoes one")

    @flow
    async def main():
        async with transaction():
            await one()
            raise RuntimeError("stop")

    state = asyncio.run(main(return_state=True))

    assert state.is_failed()
    assert lines == ["does one", "undoes one"]


def test_is_none_outside_of_everything():
    assert get_transaction() is None
