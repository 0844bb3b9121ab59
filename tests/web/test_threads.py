from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter

import pytest

from orchestrator.web import threads as module
from orchestrator.web.threads import Threads, TooBusy


def test_hands_back_what_the_function_returns() -> None:
    threads = Threads("test", 1, most_waiting=1)

    result = asyncio.run(threads.call(divmod, 7, 2))

    assert result == (3, 1)
    threads.stop(1)


def test_raises_what_the_function_raises() -> None:
    threads = Threads("test", 1, most_waiting=1)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(threads.call(divmod, 7, 0))

    threads.stop(1)


def test_finishes_what_was_accepted_before_it_stops() -> None:
    threads = Threads("test", 1, most_waiting=10)
    done: list[int] = []

    async def accept() -> None:
        calls = [asyncio.ensure_future(threads.call(lambda number=number: done.append(number))) for number in range(5)]
        await asyncio.sleep(0)
        assert await asyncio.to_thread(threads.stop, 5)
        await asyncio.gather(*calls)

    asyncio.run(accept())

    assert done == [0, 1, 2, 3, 4]


def test_says_when_a_thread_does_not_end_in_time() -> None:
    threads = Threads("test", 1, most_waiting=1)
    release = threading.Event()

    async def occupy() -> bool:
        call = asyncio.ensure_future(threads.call(release.wait, 5))
        await asyncio.sleep(0.05)
        ended = await asyncio.to_thread(threads.stop, 0.05)
        release.set()
        await call
        return ended

    assert asyncio.run(occupy()) is False


def test_refuses_calls_after_stop() -> None:
    threads = Threads("test", 1, most_waiting=1)
    threads.stop(1)

    with pytest.raises(TooBusy):
        asyncio.run(threads.call(time.time))


def test_accepts_calls_again_after_start() -> None:
    threads = Threads("test", 1, most_waiting=1)
    threads.stop(1)

    threads.start()

    assert asyncio.run(threads.call(int, "3")) == 3
    threads.stop(1)


def test_starts_no_more_threads_than_it_may() -> None:
    threads = Threads("test", 3, most_waiting=100)

    async def many() -> set[str]:
        def name() -> str:
            time.sleep(0.005)
            return threading.current_thread().name

        return set(await asyncio.gather(*(threads.call(name) for _ in range(30))))

    assert asyncio.run(many()) == {"test-1", "test-2", "test-3"}
    threads.stop(1)


def held(threads: Threads, count: int) -> tuple[threading.Event, list[asyncio.Future[bool]]]:
    """So many calls that end when the event is set."""
    release = threading.Event()
    return release, [asyncio.ensure_future(threads.call(release.wait, 30)) for _ in range(count)]


def thread_of_call() -> str:
    time.sleep(0.002)
    return threading.current_thread().name


def test_lets_others_join_when_the_usual_threads_are_held_up() -> None:
    threads = Threads("test", 3, most_waiting=10, usual=1)

    async def answered_beside(count: int) -> str:
        release, calls = held(threads, count)
        await asyncio.sleep(0)
        name = await asyncio.wait_for(threads.call(thread_of_call), 20)
        release.set()
        await asyncio.gather(*calls)
        return name

    assert asyncio.run(answered_beside(1)) == "test-2"
    assert asyncio.run(answered_beside(2)) in {"test-2", "test-3"}  # in another event loop, too
    threads.stop(1)


def test_answers_by_the_usual_threads_what_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 5.0)
    threads = Threads("test", 4, most_waiting=100, usual=2)

    async def many() -> set[str]:
        return set(await asyncio.gather(*(threads.call(thread_of_call) for _ in range(100))))

    assert asyncio.run(many()) == {"test-1", "test-2"}
    threads.stop(1)


@pytest.mark.parametrize("is_busy", [True, False])
def test_joins_for_one_call_at_a_time_where_the_processor_is_what_is_short(
    is_busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def used() -> float:
        """Processor time, which is asked for once when a look is planned and once when it is taken."""
        looks.append(time.monotonic())
        return looks[-1] if is_busy else 0.0

    monkeypatch.setattr(module, "process_time", used)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    threads = Threads("test", 2, most_waiting=1000, usual=1)

    async def many() -> Counter[str]:
        return Counter(await asyncio.gather(*(threads.call(thread_of_call) for _ in range(400))))

    by_thread = asyncio.run(many())

    assert by_thread["test-2"] > 0
    assert (by_thread["test-2"] <= len(looks)) == is_busy
    threads.stop(1)


def test_begins_nothing_that_was_given_up_while_it_waited() -> None:
    threads = Threads("test", 1, most_waiting=10)
    begun: list[int] = []

    async def give_up() -> None:
        release, calls = held(threads, 1)
        await asyncio.sleep(0.01)
        job = threads.submit(begun.append, 1)
        job.future.cancel()
        release.set()
        await asyncio.gather(*calls)
        await threads.call(int)  # after it, in the same thread
        assert not job.begun

    asyncio.run(give_up())

    assert begun == []
    threads.stop(1)


def test_ends_all_threads_when_it_stops() -> None:
    threads = Threads("ending", 3, most_waiting=10, usual=1)

    def alive() -> set[str]:
        return {thread.name for thread in threading.enumerate() if thread.name.startswith("ending-")}

    async def fill() -> None:
        release, calls = held(threads, 3)
        async with asyncio.timeout(20):
            while len(alive()) < 3:
                await asyncio.sleep(0.01)
        release.set()
        await asyncio.gather(*calls)

    asyncio.run(fill())

    assert threads.stop(5)

    assert not alive()
