"""What `.submit()` gives back at once: a handle on a task run that will end later."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar

from orchestrator.sdk.callers import is_awaited
from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.engine.pools import stepping_aside
from orchestrator.sdk.errors import WaitTimeout
from orchestrator.sdk.outcomes.reading import exception_of, result_of

if TYPE_CHECKING:
    from orchestrator.sdk.outcomes.states import State
    from orchestrator.sdk.tasks.task_run import TaskRun

R = TypeVar("R")


class TaskFuture(Generic[R]):
    """A task run that was submitted."""

    def __init__(self, run: TaskRun) -> None:
        self._run = run
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._final: State | None = None
        self._callbacks: list[Callable[[TaskFuture[R]], None]] = []
        outer = current_task_run.get()
        if outer is not None:
            outer.has_submitted = True

    def __repr__(self) -> str:
        return f"<TaskFuture {self._run.name!r} {self.state}>"

    @property
    def task_run_id(self) -> str:
        """The id of the task run, a UUID as text."""
        return self._run.id

    @property
    def name(self) -> str:
        """The name of the task run."""
        return self._run.name

    @property
    def state(self) -> State:
        """The state it is in now."""
        return self._final or self._run.state

    def get_state(self) -> Any:
        """The state it is in now; `await future.get_state()` gives the same."""
        if is_awaited(sys._getframe(1)):
            from orchestrator.sdk.both_ways import in_thread

            return in_thread(lambda: self.state)
        return self.state

    def done(self) -> bool:
        """Whether the run has ended, however it ended."""
        return self._final is not None

    def wait(self, timeout: float | None = None) -> State | None:
        """Wait until the run has ended, however it ended, for at most `timeout` seconds. Gives its last state; None
        when it has not ended by then.

        Behind `await` it is `wait_async`.
        """
        if is_awaited(sys._getframe(1)):
            return self.wait_async(timeout)  # type: ignore[return-value]
        if self._final is None:
            with stepping_aside():
                self._ended.wait(timeout)
        return self._final

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """Wait for the run and give its result, as `State.result` does. It blocks in async code too; behind `await` it
        is `result_async`.

        Raises WaitTimeout when it has not ended within `timeout` seconds; the run goes on.
        """
        if is_awaited(sys._getframe(1)):
            return self.result_async(timeout, raise_on_failure)  # type: ignore[return-value]
        if not self.wait(timeout):
            raise WaitTimeout(f"Task run {self._run.name!r} did not end within {timeout} seconds.")
        value: R = result_of(self.state, raise_on_failure=raise_on_failure)
        return value

    async def wait_async(self, timeout: float | None = None) -> State | None:
        """As `wait`, without blocking the event loop."""
        import asyncio

        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell(_: TaskFuture[R]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(ended.set)

        self.add_done_callback(tell)
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), timeout)
        return self._final

    async def result_async(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """As `result`, without blocking the event loop."""
        if not await self.wait_async(timeout):
            raise WaitTimeout(f"Task run {self._run.name!r} did not end within {timeout} seconds.")
        value: R = await self.state.aresult(raise_on_failure)
        return value

    async def aresult(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """The same as `result_async`."""
        return await self.result_async(timeout, raise_on_failure)

    def __await__(self) -> Generator[Any, None, Self]:
        """`await task.submit(1)` gives the future at once, as it does without `await`."""
        return self
        yield

    def add_done_callback(self, callback: Callable[[TaskFuture[R]], None]) -> None:
        """Called once with this future when the run has ended; at once when it already has.

        What it raises is logged, and the other callbacks are called all the same; when it is called at once, it is
        raised here.
        """
        with self._lock:
            if self._final is None:
                self._callbacks.append(callback)
                return
        callback(self)

    def settle(self, state: State) -> None:
        """The run has ended in this state. Called by what executes the run."""
        with self._lock:
            if self._final is not None:
                return
            self._final = state
            callbacks, self._callbacks = self._callbacks, []
        self._ended.set()
        for callback in callbacks:
            try:
                callback(self)
            except Exception as error:  # noqa: BLE001 - others wait too, and what executes the run has more to do
                from orchestrator.sdk.recording.logs import sdk_logger

                name = getattr(callback, "__name__", type(callback).__name__)
                what = f"{type(error).__name__}: {error}"
                sdk_logger().error(f"Callback {name!r} of task run {self.name!r} failed with {what}", exc_info=error)


class FutureList(list[TaskFuture[R]]):
    """What `.map()` gives back: one future per item, in order."""

    def wait(self, timeout: float | None = None) -> DoneAndNotDone[R]:
        """Wait until all have ended, at most `timeout` seconds. Nothing is raised: look at their states."""
        return wait(self, timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> list[R]:
        """All results, in order. `timeout` is for all of them together. The first failure is raised when it comes,
        while others may still run. Raises WaitTimeout."""
        running = [future for future in self if not future.done()]
        for future in chain(self if raise_on_failure else (), as_completed(running, timeout)):
            if raise_on_failure and future.done() and not future.state.is_completed():
                raise exception_of(future.state)
        return [result_of(future.state, raise_on_failure=raise_on_failure) for future in self]

    def __await__(self) -> Generator[Any, None, Self]:
        """`await task.map([1, 2])` gives the futures at once, as it does without `await`."""
        return self
        yield


class DoneAndNotDone(NamedTuple, Generic[R]):
    """What had ended when waiting was over, and what had not."""

    done: set[TaskFuture[R]]
    not_done: set[TaskFuture[R]]


def wait(futures: Iterable[TaskFuture[R]], timeout: float | None = None) -> DoneAndNotDone[R]:
    """Wait until all have ended, at most `timeout` seconds. Nothing is raised: look at their states."""
    every = list(futures)
    deadline = None if timeout is None else time.monotonic() + timeout
    for future in every:
        if not future.wait(None if deadline is None else max(0.0, deadline - time.monotonic())):
            break
    done = {future for future in every if future.done()}
    return DoneAndNotDone(done, set(every) - done)


def as_completed(futures: Iterable[TaskFuture[R]], timeout: float | None = None) -> Iterator[TaskFuture[R]]:
    """Each future as soon as it has ended. Raises WaitTimeout when the last has not ended within `timeout` seconds."""
    from queue import Empty, SimpleQueue

    waiting = set(futures)
    total = len(waiting)
    ended: SimpleQueue[TaskFuture[R]] = SimpleQueue()
    deadline = None if timeout is None else time.monotonic() + timeout
    for future in list(waiting):
        future.add_done_callback(ended.put)
    while waiting:
        left = None if deadline is None else deadline - time.monotonic()
        try:
            with stepping_aside():
                future = ended.get(timeout=left) if left is None or left > 0 else ended.get_nowait()
        except Empty:
            raise WaitTimeout(f"{len(waiting)} of {total} task runs did not end within {timeout} seconds.") from None
        waiting.discard(future)
        yield future


# As type hints and isinstance checks of scripts written for Prefect name them.
PrefectFuture = TaskFuture
PrefectFutureList = FutureList
