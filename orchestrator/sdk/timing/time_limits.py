"""Time limits that hold: the caller goes on at the limit, whatever the function is doing.

A function with a limit runs in a thread of its own. At the limit RunAbandoned is raised in that thread, which stops
Python code at its next step; a thread inside a long system call is left behind and stops when the call returns.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

from orchestrator.sdk.errors import RunAbandoned


def call_within(call: Callable[[], Any], *, seconds: float, timed_out: Callable[[], BaseException]) -> Any:
    """The call's result or exception, or `timed_out()` raised after `seconds`."""
    limited = _LimitedCall(call)
    try:
        ended = limited.ended.wait(seconds)
    except BaseException:
        limited.abandon()
        raise
    if not ended and limited.abandon():
        raise timed_out()
    if limited.error is not None:
        try:
            raise limited.error
        finally:
            limited.error = None  # the traceback refers to this frame: without this the two keep each other alive
    return limited.value


async def await_within(awaitable: Awaitable[Any], *, seconds: float, timed_out: Callable[[], BaseException]) -> Any:
    """Like `call_within`, for a coroutine. It is cancelled at the limit and not waited for."""
    import asyncio

    task = asyncio.ensure_future(awaitable)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except BaseException:
        task.cancel()
        raise
    if done:
        return task.result()
    task.cancel()
    task.add_done_callback(_take_exception)
    raise timed_out()


def raise_in_thread(thread_id: int, error: type[BaseException]) -> None:
    """Raise `error` in another thread at its next Python instruction."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(error))


class _LimitedCall:
    """One call in a thread of its own, with the caller's context."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.ended = threading.Event()
        self.value: Any = None
        self.error: BaseException | None = None
        self._call = call
        self._lock = threading.Lock()
        self._abandoned = False
        context = copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="orchestrator-limited", daemon=True)
        self._thread.start()

    def abandon(self) -> bool:
        """Stop waiting and stop the thread. False when the call ended just before."""
        with self._lock:
            if self.ended.is_set():
                return False
            self._abandoned = True
            if self._thread.ident is not None:
                raise_in_thread(self._thread.ident, RunAbandoned)
            return True

    def _run(self) -> None:
        try:
            try:
                value, error = self._call(), None
            except BaseException as raised:  # noqa: BLE001 - raised again in the thread that waits
                value, error = None, raised
            with self._lock:
                self.value, self.error = value, error
                self.ended.set()
        except RunAbandoned:
            # It may arrive after the call itself is over; nobody waits for this thread any more.
            return


def _take_exception(task: Any) -> None:
    """Look at the exception, so that asyncio does not report it as never retrieved."""
    if not task.cancelled():
        task.exception()
