from __future__ import annotations

import asyncio
import threading
import time

import pytest

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
