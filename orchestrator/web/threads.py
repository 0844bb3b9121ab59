"""A fixed number of threads that run synchronous code for the event loop, each with a lasting database connection."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections

logger = logging.getLogger(__name__)
T = TypeVar("T")


class TooBusy(Exception):
    """More work waits for a thread than is useful to accept; the caller should come back later."""


class Job:
    """One call, and the future on the event loop that waits for it."""

    __slots__ = ("arguments", "function", "future", "loop")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, function: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.function = function
        self.arguments = arguments

    def run(self) -> None:
        if self.future.cancelled():
            return  # nobody waits any more, so the work is not begun
        try:
            result, error = self.function(*self.arguments), None
        except BaseException as raised:  # noqa: BLE001  the waiting side raises it again
            result, error = None, raised
        try:
            self.loop.call_soon_threadsafe(self._deliver, result, error)
        except RuntimeError:
            logger.debug("The event loop ended before an answer could be handed over.")

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class Threads:
    """Threads are made when they are first needed, up to `count`, and last until `stop`.

    At most `most_waiting` calls wait for a thread; beyond that `call` raises TooBusy.
    """

    def __init__(self, name: str, count: int, *, most_waiting: int) -> None:
        self._name = name
        self._count = count
        self._most_waiting = most_waiting
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        """Accept calls again after `stop`."""
        with self._lock:
            self._stopped = False

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run `function(*arguments)` in one of the threads. A call that is cancelled while it waits is not begun."""
        if self._stopped or self._jobs.qsize() >= self._most_waiting:
            raise TooBusy
        job = Job(asyncio.get_running_loop(), function, arguments)
        self._jobs.put(job)
        if len(self._threads) < self._count and self._jobs.qsize():
            self._add_thread()  # nobody has taken the job up yet
        return await job.future

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return self._jobs.qsize()

    def stop(self, timeout_seconds: float) -> bool:
        """Finish what was accepted, close the connections and end the threads. False when some did not end in time."""
        with self._lock:
            self._stopped = True
            threads, self._threads = self._threads, []
        for _ in threads:
            self._jobs.put(None)
        deadline = monotonic() + timeout_seconds
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _add_thread(self) -> None:
        with self._lock:
            if self._stopped or len(self._threads) >= self._count:
                return
            thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        take = self._jobs.get
        while True:
            job = take()
            if job is None:
                break
            job.run()
            del job  # so that a waiting thread keeps no request alive
        connections.close_all()


http_threads = Threads("http", settings.HTTP_THREADS, most_waiting=settings.HTTP_THREADS * 128)
# Downloads are written at the pace of their readers, so they must not hold the threads that answer requests.
stream_threads = Threads("stream", settings.HTTP_THREADS * 2, most_waiting=settings.HTTP_THREADS * 16)
