"""What `.delay()` gives back: a handle on a task run that executes somewhere, sooner or later."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.callers import is_awaited
from orchestrator.sdk.dependencies.futures import TaskFuture
from orchestrator.sdk.engine.pools import stepping_aside
from orchestrator.sdk.errors import WaitTimeout
from orchestrator.sdk.outcomes.states import Pending, State
from orchestrator.sdk.timing import pace

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")


class BackgroundFuture(TaskFuture[R]):
    """A task run that was delayed. It may be pickled, and made anew from the run's id.

    Its result comes from the task's result storage. In async code `wait_async` and `result_async` do not block.
    """

    def __init__(self, task_run_id: str, *, name: str | None = None, client: Client | None = None) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # the run is not in this process
        self._id = str(task_run_id)
        self._run_name = name or f"task run {self._id}"
        self._client = client
        self._watched_in: int | None = None  # the process; a forked child has no thread that watches

    def __repr__(self) -> str:
        return f"<BackgroundFuture {self._run_name!r} {self._final or ''}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BackgroundFuture) and other._id == self._id

    def __hash__(self) -> int:
        return hash(self._id)

    def __reduce__(self) -> Any:
        return _made_anew, (self._id, self._run_name)

    @property
    def task_run_id(self) -> str:
        """The id of the task run, a UUID as text."""
        return self._id

    @property
    def name(self) -> str:
        """The name of the task run."""
        return self._run_name

    @property
    def state(self) -> State:
        """The state it is in now; the server is asked. Raises ServerUnreachable, ApiError."""
        if self._final is None:
            state = self._read()
            if not state.is_terminal:
                return state
            self.settle(state)
        return self._final or Pending()

    def done(self) -> bool:
        """Whether it is known to have ended; the server is asked."""
        return self._final is not None or self.state.is_terminal

    def wait(self, timeout: float | None = None) -> State | None:
        """Wait until the run has ended, however it ended, for at most `timeout` seconds. Gives its last state; None
        when it has not ended by then.

        Behind `await` it is `wait_async`. Raises ServerUnreachable, ApiError when the server cannot tell at the
        beginning; later it may be away.
        """
        if is_awaited(sys._getframe(1)):
            return self.wait_async(timeout)  # type: ignore[return-value]
        if self._final is None:
            self._watch()
            with stepping_aside():
                pace.wait_for(self._ended, timeout)
        return self._final

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """Wait for the run and give its result, as `State.result` does. Behind `await` it is `result_async`.

        Raises WaitTimeout when it has not ended within `timeout` seconds; the run goes on. Raises MissingResult when
        this process cannot reach the storage of the result.
        """
        if is_awaited(sys._getframe(1)):
            return self.result_async(timeout, raise_on_failure)  # type: ignore[return-value]
        if not self.wait(timeout):
            raise WaitTimeout(f"Task run {self._run_name!r} did not end within {timeout} seconds.")
        value: R = self.state.result(raise_on_failure=raise_on_failure)
        return value

    async def wait_async(self, timeout: float | None = None) -> State | None:
        """`wait` as a coroutine function."""
        from orchestrator.sdk.both_ways import in_thread

        return await in_thread(self.wait, timeout)

    async def result_async(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """`result` as a coroutine function."""
        from orchestrator.sdk.both_ways import in_thread

        return await in_thread(self.result, timeout, raise_on_failure)

    def add_done_callback(self, callback: Callable[[TaskFuture[R]], None]) -> None:
        """Called once with this future when the run has ended; at once when it already has."""
        super().add_done_callback(callback)
        if self._final is None:
            self._watch()

    def _watch(self) -> None:
        """Have `settle` called when the run ends."""
        from orchestrator.sdk.watching.task_run_watch import watch_of

        if self._watched_in != os.getpid():
            watch_of(self._server()).expect(self._id, self.settle)
            self._watched_in = os.getpid()
        # Only now: what ended before somebody listened is found so, and nothing is missed in between.
        state = self._read()
        if state.is_terminal:
            self.settle(state)

    def _read(self) -> State:
        found = self._server().ask("GET", f"/task_runs/{self._id}")
        return State.from_wire(found["state"]) if found.get("state") else Pending()

    def _server(self) -> Client:
        self._client = self._client or needed_client(f"Asking for task run {self._run_name!r}")
        return self._client


def _made_anew(task_run_id: str, name: str) -> BackgroundFuture[Any]:
    return BackgroundFuture(task_run_id, name=name)
