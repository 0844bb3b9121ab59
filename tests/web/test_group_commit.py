"""Calls that wait for the same thread share a transaction, and nobody sees a difference in what they did."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from orchestrator.web import threads as module
from orchestrator.web.group_commit import MOST_TOGETHER
from orchestrator.web.jobs import Job
from orchestrator.web.threads import Threads
from runs.models import Flow, FlowRun

pytestmark = pytest.mark.django_db(transaction=True)
Call = Callable[[], Any]
log: list[tuple[str, str]] = []


@pytest.fixture
def threads() -> Iterator[Threads]:
    log.clear()
    made = Threads("test", 1, most_waiting=100, commits_together=True)
    yield made
    made.stop(5)


def writing(name: str, then: Call = lambda: None) -> Call:
    """A call that writes a flow, which the log tells: when it was done, and when it was committed."""

    def write() -> str:
        with transaction.atomic():
            Flow.objects.create(name=name)
            transaction.on_commit(lambda: log.append(("committed", name)), robust=True)
            log.append(("done", name))
            then()
        return name

    return write


def is_in_transaction() -> bool:
    return connection.in_atomic_block


def fail() -> None:
    raise ValueError("refused")


@asynccontextmanager
async def occupied(threads: Threads) -> AsyncIterator[None]:
    """Until this ends the thread takes no call, so that all wait which are made meanwhile."""
    release = threading.Event()
    before = asyncio.ensure_future(threads.call(release.wait, 20))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        release.set()
        await before


def submit(threads: Threads, call: Call) -> Job:
    """It may share a transaction, unless it says otherwise."""
    job = threads.submit(call, may_share=getattr(call, "may_share", lambda: True))
    job.future.add_done_callback(lambda _: log.append(("told", getattr(call, "__name__", ""))))
    return job


def outcomes(threads: Threads, *calls: Call) -> list[Any]:
    """What came of calls that all wait for the thread before it takes the first of them."""

    async def all_at_once() -> list[Any]:
        async with occupied(threads):
            jobs = [submit(threads, call) for call in calls]
        return await asyncio.gather(*(job.future for job in jobs), return_exceptions=True)

    return asyncio.run(all_at_once())


def logged(kind: str) -> list[str]:
    return [name for each, name in log if each == kind]


def names() -> set[str]:
    return set(Flow.objects.values_list("name", flat=True))


def test_commits_what_waits_together(threads: Threads) -> None:
    assert outcomes(threads, writing("a"), writing("b"), writing("c")) == ["a", "b", "c"]

    assert log[:6] == [("done", "a"), ("done", "b"), ("done", "c")] + [("committed", name) for name in "abc"]
    assert names() == {"a", "b", "c"}


def test_answers_nobody_before_all_is_committed(threads: Threads) -> None:
    outcomes(threads, writing("a"), writing("b"))

    assert [kind for kind, _ in log] == ["done", "done", "committed", "committed", "told", "told"]


def test_leaves_nothing_of_what_was_refused(threads: Threads) -> None:
    first, refused, last = outcomes(threads, writing("a"), writing("b", fail), writing("c"))

    assert (first, last, str(refused)) == ("a", "c", "refused")
    assert names() == {"a", "c"}
    assert logged("committed") == ["a", "c"]


def test_does_each_again_when_they_cannot_be_committed(threads: Threads) -> None:
    def orphan() -> None:
        """What it points to is looked for when it is committed."""
        FlowRun.objects.create(flow_id=uuid4())

    first, broken, last = outcomes(threads, writing("a"), writing("b", orphan), writing("c"))

    assert (first, last, type(broken)) == ("a", "c", IntegrityError)
    assert names() == {"a", "c"}
    assert logged("done") == ["a", "b", "c"] * 2
    assert logged("committed") == ["a", "c"]


def test_does_each_again_when_one_of_them_undoes_all(threads: Threads) -> None:
    def undo() -> None:
        with suppress(ValueError), transaction.atomic(savepoint=False):
            fail()

    def alone() -> str:
        log.append(("done", "b"))
        undo()
        return "b"

    assert outcomes(threads, writing("a"), alone, writing("c")) == ["a", "b", "c"]

    assert names() == {"a", "c"}
    assert logged("committed") == ["a", "c"]


def test_does_nothing_twice_when_what_follows_a_commit_fails(threads: Threads, caplog: Any) -> None:
    assert outcomes(threads, writing("a", lambda: transaction.on_commit(fail)), writing("b")) == ["a", "b"]

    assert logged("done") == ["a", "b"]
    assert names() == {"a", "b"}
    assert "refused" in caplog.text


def test_does_between_transactions_what_shares_none(threads: Threads) -> None:
    def other() -> bool:
        return is_in_transaction()

    other.may_share = lambda: False  # type: ignore[attr-defined]

    found = outcomes(threads, writing("a"), writing("b"), other, writing("c"), writing("d"))

    assert found == ["a", "b", False, "c", "d"]
    assert [kind for kind, _ in log if kind != "told"] == ["done", "done", "committed", "committed"] * 2


def test_lets_so_many_share_and_no_more(threads: Threads) -> None:
    outcomes(threads, *[writing(str(number)) for number in range(2 * MOST_TOGETHER + 1)])

    kinds = "".join(kind[0] for kind, _ in log if kind != "told")
    assert kinds == ("d" * MOST_TOGETHER + "c" * MOST_TOGETHER) * 2 + "dc"


def test_begins_no_shared_transaction_for_one_alone(threads: Threads) -> None:
    assert outcomes(threads, is_in_transaction) == [False]


def test_expects_company_where_there_has_just_been_some(threads: Threads) -> None:
    async def one_after_the_other() -> list[bool]:
        return [await submit(threads, is_in_transaction).future for _ in range(2)]

    outcomes(threads, is_in_transaction, is_in_transaction)

    assert asyncio.run(one_after_the_other()) == [True, False]


def test_begins_nothing_that_was_given_up(threads: Threads) -> None:
    async def give_up() -> list[Any]:
        async with occupied(threads):
            first, given_up, last = (submit(threads, writing(name)) for name in "abc")
            given_up.future.cancel()
        return await asyncio.gather(first.future, last.future)

    assert asyncio.run(give_up()) == ["a", "c"]
    assert names() == {"a", "c"}


def test_finishes_what_shares_before_it_stops(threads: Threads) -> None:
    async def stop() -> list[Any]:
        async with occupied(threads):
            jobs = [submit(threads, writing(name)) for name in "ab"]
            stopping = asyncio.ensure_future(asyncio.to_thread(threads.stop, 10))
            await asyncio.sleep(0.05)
        assert await stopping
        return await asyncio.gather(*(job.future for job in jobs))

    assert asyncio.run(stop()) == ["a", "b"]
    assert names() == {"a", "b"}


def test_shares_nothing_where_the_database_does_that_itself() -> None:
    log.clear()
    threads = Threads("test", 1, most_waiting=100)

    outcomes(threads, writing("a"), writing("b"))
    threads.stop(5)

    assert [kind for kind, _ in log if kind != "told"] == ["done", "committed"] * 2
    assert module.http_threads._commits_together == (connection.vendor == "sqlite")
