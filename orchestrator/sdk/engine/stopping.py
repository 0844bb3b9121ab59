"""Stopping a run from outside, from another thread of the same process.

The run's own thread gets an exception that `except Exception` does not catch. In the main thread it comes by a
signal, which also ends a system call that sleeps; in another thread it comes at the next Python instruction; in an
event loop the asyncio task is cancelled; when the loop is blocked, by the same signal in what blocks it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.sdk.errors import RunStopped

STOP_SIGNAL = signal.SIGUSR2
_LOOP_SECONDS = 1.0  # what an event loop gets to come to the next of its callbacks

_lock = threading.Lock()
_running: dict[str, Stoppable] = {}


class Stoppable:
    """Whether, why and where a run can be stopped."""

    def __init__(self) -> None:
        self.reason: RunStopped | None = None
        self._armed = False
        self._thread_id = 0
        self._task: Any = None
        self._loop: Any = None

    def attach(self) -> None:
        """Note which thread, or which asyncio task, executes the run. Called where it executes."""
        self._thread_id = threading.get_ident()
        try:
            import asyncio

            self._loop = asyncio.get_running_loop()
            self._task = asyncio.current_task()
        except RuntimeError:
            self._loop = self._task = None

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Inside, a stop is raised; outside it is only noted, so that the end of a run is not torn apart."""
        if self.reason is not None:
            raise self.reason
        self._armed = True
        try:
            yield
        finally:
            self._armed = False

    def stop(self, stop: RunStopped) -> None:
        """Note the stop and raise it where the run executes."""
        self.reason = stop
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel_if_armed)
            if self._thread_id == threading.main_thread().ident:
                threading.Thread(target=self._wake_blocked_loop, name="stops-blocked-loop", daemon=True).start()
        elif self._thread_id == threading.main_thread().ident:
            signal.pthread_kill(self._thread_id, STOP_SIGNAL)
        elif self._armed:
            from orchestrator.sdk.timing.time_limits import raise_in_thread

            self._armed = False
            raise_in_thread(self._thread_id, type(stop))

    def raise_if_armed(self) -> None:
        if self._armed and self.reason is not None:
            self._armed = False
            raise self.reason

    def _wake_blocked_loop(self) -> None:
        """A loop that has not come to cancelling its task by now executes something that blocks it."""
        time.sleep(_LOOP_SECONDS)
        if self._armed:
            signal.pthread_kill(self._thread_id, STOP_SIGNAL)

    def _cancel_if_armed(self) -> None:
        if self._armed:
            self._armed = False
            self._task.cancel()


def stop_run(flow_run_id: str, stop: RunStopped) -> bool:
    """Stop a run that `listening` was entered for. False when no such run executes in this process.

    `stop` says how: RunCancelled ends it as CANCELLED, ClaimLost ends it without another word to the server.
    Call from another thread than the run's.
    """
    with _lock:
        stoppable = _running.get(flow_run_id)
        if stoppable is None:
            return False
        stoppable.stop(stop)
        return True


@contextmanager
def listening(flow_run_id: str, stoppable: Stoppable) -> Iterator[None]:
    """Inside, `stop_run` reaches this run. In the main thread the handler of STOP_SIGNAL is replaced for that time."""
    in_main = threading.current_thread() is threading.main_thread()
    previous: Any = None
    if in_main:
        previous = signal.signal(STOP_SIGNAL, lambda *_: stoppable.raise_if_armed())
    stoppable.attach()
    with _lock:
        _running[flow_run_id] = stoppable
    try:
        yield
    finally:
        with _lock:
            _running.pop(flow_run_id, None)
        if in_main:
            signal.signal(STOP_SIGNAL, previous if previous is not None else signal.SIG_DFL)
