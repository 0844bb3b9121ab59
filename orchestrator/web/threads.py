"""A fixed number of threads that run synchronous code for the event loop, each with a lasting database connection."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic, process_time
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, connections

from orchestrator.web.group_commit import MOST_TOGETHER, shared_transaction
from orchestrator.web.jobs import Job, MayShare, hand_over

logger = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE_SECONDS = 0.025  # that a call waits before another thread than the usual ones may take it
BUSY = 0.8  # of a processor: a process that uses so much has its threads wait for the interpreter


class TooBusy(Exception):
    """More work waits for a thread than is useful to accept; the caller should come back later."""


class Threads:
    """Threads are made when they are first needed, up to `count`, and last until `stop`.

    `usual` of them (default: all) take whatever comes. The others join when a call has waited for PATIENCE_SECONDS:
    then what occupies the usual ones is slow, or waits for the database. Where the processor is what is short, and the
    usual ones get on, a thread joins for one call: those that compute at the same time take turns at the interpreter,
    which costs time, and keep the event loop from its turn.
    At most `most_waiting` calls wait for a thread; beyond that `call` raises TooBusy.
    With `commits_together`, calls that may do so share a transaction when they wait for the same usual thread.
    """

    def __init__(
        self, name: str, count: int, *, most_waiting: int, usual: int | None = None, commits_together: bool = False
    ) -> None:
        self._name = name
        self._commits_together = commits_together
        self._usual = count if usual is None else min(usual, count)
        self._joining = count - self._usual
        self._most_waiting = most_waiting
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._joins: SimpleQueue[bool] = SimpleQueue()  # one for each thread that is to join; False: that is to end
        self._threads: list[threading.Thread] = []
        self._joiners: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopped = False
        self._accepted = 0  # calls so far
        self._looking: asyncio.AbstractEventLoop | None = None  # that will look whether a call waits for too long
        self._taken = 0  # calls by the usual threads, nearly: it only tells whether they get on
        self._joins_for_one = False  # whether a thread that joins takes one call, else all that wait

    def start(self) -> None:
        """Accept calls again after `stop`."""
        with self._lock:
            self._stopped = False

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run `function(*arguments)` in one of the threads. A call that is cancelled while it waits is not begun."""
        result: T = await self.submit(function, *arguments).future
        return result

    def submit(self, function: Callable[..., Any], *arguments: Any, may_share: MayShare | None = None) -> Job:
        """The same, for whoever does not just wait for it.

        `may_share(*arguments)` says whether the call may share a transaction with others. It is asked when one waits.
        """
        if self._stopped or self._jobs.qsize() >= self._most_waiting:
            raise TooBusy
        loop = asyncio.get_running_loop()
        job = Job(loop, function, arguments, may_share)
        self._jobs.put(job)
        self._accepted += 1
        if self._jobs.qsize():  # nobody has taken the job up yet
            if len(self._threads) < self._usual:
                self._add_thread(self._threads, self._usual, self._work)
            elif self._joining and self._looking is not loop:
                self._look_later(loop)
        return job

    def stop(self, timeout_seconds: float) -> bool:
        """Finish what was accepted, close the connections and end the threads. False when some did not end in time."""
        with self._lock:
            self._stopped = True
            threads, self._threads = self._threads, []
            joiners, self._joiners = self._joiners, []
        for _ in threads:
            self._jobs.put(None)
        for _ in joiners:
            self._joins.put(False)
        deadline = monotonic() + timeout_seconds
        for thread in (*threads, *joiners):
            thread.join(max(0.0, deadline - monotonic()))
        return not any(thread.is_alive() for thread in (*threads, *joiners))

    def _add_thread(self, threads: list[threading.Thread], most: int, work: Callable[[], None]) -> None:
        with self._lock:
            if self._stopped or len(threads) >= most:
                return
            number = len(self._threads) + len(self._joiners) + 1
            thread = threading.Thread(target=work, name=f"{self._name}-{number}", daemon=True)
            threads.append(thread)
        thread.start()

    def _work(self) -> None:
        take = self._jobs.get
        is_crowded = False  # where calls have just waited, others come while one is made that nobody waits behind yet
        while True:
            job = take()
            if job is None:
                break
            self._taken += 1
            if self._commits_together and (is_crowded or not self._jobs.empty()) and job.shares():
                is_crowded = self._run_together(job) > 1
            else:
                is_crowded = False
                job.run()
            del job  # so that a waiting thread keeps no request alive
        connections.close_all()

    def _run_together(self, first: Job) -> int:
        """This one and those behind it, as far as they may share its transaction, and then the one that may not.

        Returns how many shared it.
        """
        jobs, other = [first], None  # `other` is taken from the queue and shares nothing
        try:
            with shared_transaction():
                first.work()
                while len(jobs) < MOST_TOGETHER and (other := self._next()) is not None:
                    self._taken += 1
                    if other.loop is not first.loop or not other.shares():
                        break
                    jobs.append(other)
                    other.work()
                    other = None
        except Exception as error:  # noqa: BLE001  whatever it is, each of them may meet it by itself
            logger.warning("What several requests wrote could not be committed: %r. Each is done again alone.", error)
            for job in jobs:
                job.run()
        else:
            hand_over(jobs)
        if other is not None:
            other.run()
        return len(jobs)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        """Whether what waits now has been taken up by then."""
        self._looking = loop
        loop.call_later(PATIENCE_SECONDS, self._look, loop, self._accepted, self._taken, monotonic(), process_time())

    def _look(self, loop: asyncio.AbstractEventLoop, accepted: int, taken: int, since: float, used: float) -> None:
        waiting = self._jobs.qsize()
        self._looking = None
        self._joins_for_one = self._taken > taken and process_time() - used > BUSY * (monotonic() - since)
        if self._accepted - waiting < accepted:
            if self._joins.empty():  # else all that are there have a call
                self._joins.put(True)
            self._add_thread(self._joiners, self._joining, self._join_in)
        if waiting:
            self._look_later(loop)

    def _join_in(self) -> None:
        while self._joins.get():
            while (job := self._next()) is not None:
                job.run()
                del job
                if self._joins_for_one:
                    break
        connections.close_all()

    def _next(self) -> Job | None:
        """What has waited, if anything still does."""
        try:
            job = self._jobs.get_nowait()
        except Empty:
            return None
        if job is None:
            self._jobs.put(None)  # it is a usual thread that is to end
        return job


# SQLite does its work in the thread that asks, a server of databases does it while the thread waits.
_USUAL = 1 if connection.vendor == "sqlite" else 2

http_threads = Threads(
    "http",
    settings.HTTP_THREADS,
    most_waiting=settings.HTTP_THREADS * 128,
    usual=_USUAL,
    commits_together=connection.vendor == "sqlite",
)
# Downloads are written at the pace of their readers, so they must not hold the threads that answer requests.
stream_threads = Threads("stream", settings.HTTP_THREADS * 2, most_waiting=settings.HTTP_THREADS * 16)
