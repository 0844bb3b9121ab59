from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from orchestrator import (
    CommitMode,
    ResultStore,
    TransactionError,
    flow,
    get_transaction,
    task,
    transaction,
)
from orchestrator.sdk.errors import RunCancelled


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


def stops(txn):
    raise RunCancelled("enough")


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
