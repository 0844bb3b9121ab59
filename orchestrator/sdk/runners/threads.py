"""Submitted tasks execute in threads of the flow's own process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.configuration import settings
from orchestrator.sdk.engine.pools import belongs_to

if TYPE_CHECKING:
    from orchestrator.sdk.runners.jobs import Job

_IDLE_SECONDS = 5.0  # how long a thread without work stays around


class ThreadPoolTaskRunner:
    """Execute submitted tasks in at most `max_workers` threads per flow run; None takes ORCHESTRATOR_TASK_THREADS."""

    def __init__(self, max_workers: int | None = None) -> None:
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"max_workers is {max_workers}; at least one thread is needed")
        self.max_workers = max_workers

    def __repr__(self) -> str:
        return f"ThreadPoolTaskRunner(max_workers={self.max_workers})"

    def open(self) -> ThreadPool:
        """The threads for one flow run."""
        return ThreadPool(self.max_workers or settings.task_threads())


class ThreadPool:
    """Threads that start when there is work and leave when there is none.

    A thread that waits for another run does not count (see `stepping_aside`), so that a small pool cannot lock itself
    up.
    """

    def __init__(self, max_workers: int) -> None:
        self._max_workers = max_workers
        self._lock = threading.RLock()
        self._work_came = threading.Condition(self._lock)
        self._work_ended = threading.Condition(self._lock)
        self._jobs: deque[Job] = deque()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._aside = 0  # threads that wait for another run
        self._expected = 0  # jobs announced and not over
        self._dropping = False
        self._to_drop: deque[Job] = deque()
        self._is_dropping_now = False

    def expect(self) -> None:
        """Announce a job that will be put when what it depends on has ended."""
        with self._lock:
            self._expected += 1

    def put(self, job: Job) -> None:
        """Execute an announced job as soon as a thread is free."""
        with self._lock:
            if not self._dropping:
                self._jobs.append(job)
                self._call_thread()
                return
        self._drop([job])

    def join(self) -> None:
        """Wait until every announced job is over."""
        with self._lock:
            while self._expected:
                self._work_ended.wait()

    def drop(self) -> None:
        """Begin nothing more; jobs that have not begun are dropped."""
        with self._lock:
            self._dropping = True
            jobs = list(self._jobs)
            self._jobs.clear()
        self._drop(jobs)

    def join_begun(self) -> None:
        """After `drop`: wait for the jobs that had begun."""
        with self._lock:
            while len(self._threads) > self._idle:
                self._work_ended.wait()

    def stop_threads(self, error: type[BaseException]) -> None:
        """Raise `error` in every thread that executes a job."""
        from orchestrator.sdk.timing.time_limits import raise_in_thread

        with self._lock:
            busy = [thread for thread in self._threads if getattr(thread, "busy", False)]
        for thread in busy:
            if thread.ident is not None:
                raise_in_thread(thread.ident, error)

    def _drop(self, jobs: list[Job]) -> None:
        # Dropping a job puts those that depend on it. One loop drops them all, so that a long chain needs no deep
        # stack.
        with self._lock:
            self._to_drop.extend(jobs)
            if self._is_dropping_now:
                return
            self._is_dropping_now = True
        while True:
            with self._lock:
                if not self._to_drop:
                    self._is_dropping_now = False
                    return
                job = self._to_drop.popleft()
            job.drop()
            with self._lock:
                self._expected -= 1
                self._work_ended.notify_all()

    def _call_thread(self) -> None:
        if self._idle >= len(self._jobs):
            self._work_came.notify()
        elif len(self._threads) - self._aside < self._max_workers:
            thread = threading.Thread(target=self._work, name="orchestrator-task", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _work(self) -> None:
        belongs_to(self)
        thread: Any = threading.current_thread()
        try:
            while (job := self._next()) is not None:
                thread.busy = True
                try:
                    job.execute()
                finally:
                    thread.busy = False
                    del job  # while this thread is idle it keeps nobody's results
                    with self._lock:
                        self._expected -= 1
                        self._work_ended.notify_all()
        finally:
            with self._lock:
                self._threads.discard(thread)
                self._work_ended.notify_all()

    def _next(self) -> Job | None:
        with self._lock:
            while True:
                running = len(self._threads) - self._idle - self._aside
                if running > self._max_workers:
                    self._leave()
                    return None  # somebody came back from waiting: there is one thread too many
                if self._jobs:
                    return self._jobs.popleft()
                self._idle += 1
                self._work_ended.notify_all()
                woken = self._work_came.wait(_IDLE_SECONDS)
                self._idle -= 1
                if not woken and not self._jobs:
                    self._leave()
                    return None

    def _leave(self) -> None:
        # In the same breath as the decision to go: a job put in between would wait for a thread that is not coming
        # back.
        self._threads.discard(threading.current_thread())
        self._work_ended.notify_all()

    @contextmanager
    def one_aside(self) -> Iterator[None]:
        with self._lock:
            self._aside += 1
            if self._jobs:
                self._call_thread()
        try:
            yield
        finally:
            with self._lock:
                self._aside -= 1
