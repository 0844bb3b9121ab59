"""How time passes for the engine: the one place where the SDK waits by itself.

Whoever waits here

* waits for nothing in the tests of authors (`hurried`), where nothing else is waited for;
* hears within a moment that its run was stopped: a long wait is made of short ones;
* ends when nobody wants the outcome any more (`until_given_up`): RunAbandoned is raised instead of waiting on.

An author's `time.sleep` is the author's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from orchestrator.sdk.errors import RunAbandoned

SLICE_SECONDS = 0.2  # a stop is raised in a thread between two of these

_FIRST_SECONDS = 0.1
_LEAST_SECONDS = 0.02
_GROWTH = 1.5

_hurries: list[object] = []
_given_up: ContextVar[threading.Event | None] = ContextVar("orchestrator_given_up", default=None)


@contextmanager
def hurried() -> Iterator[None]:
    """Inside, the engine waits for nothing, in every thread of this process."""
    mark = object()
    _hurries.append(mark)
    try:
        yield
    finally:
        _hurries.remove(mark)


def is_hurried() -> bool:
    return bool(_hurries)


def until_given_up(given_up: threading.Event) -> None:
    """From now on, in this context: once the event is set, nobody waits for what is done here."""
    _given_up.set(given_up)


def go_on() -> None:
    """Raises RunAbandoned when nobody waits any more for what is done here."""
    given_up = _given_up.get()
    if given_up is not None and given_up.is_set():
        raise RunAbandoned("Nobody waits for this any more.")


def sleep(seconds: float, *, stopped: Callable[[], bool] | None = None) -> None:
    """Let time pass in this thread; no time when hurried. Ends early once `stopped()`. Raises RunAbandoned."""
    if not _hurries:
        pause(seconds, stopped=stopped)
        return
    go_on()
    time.sleep(0)  # other threads have their turn


async def sleep_async(seconds: float) -> None:
    """Let time pass in this asyncio task; no time when hurried."""
    import asyncio

    await asyncio.sleep(0 if _hurries else seconds)


def pause(seconds: float, *, stopped: Callable[[], bool] | None = None) -> None:
    """Like `sleep`, for what no hurry makes shorter: a server that is away or busy."""
    given_up = _given_up.get()
    deadline = time.monotonic() + seconds
    while not (stopped is not None and stopped()):
        go_on()
        left = min(deadline - time.monotonic(), SLICE_SECONDS)
        if left <= 0:
            return
        if given_up is None:
            time.sleep(left)
        else:
            given_up.wait(left)


def wait_for(event: threading.Event, timeout: float | None = None) -> bool:
    """Wait until the event is set, at most `timeout` seconds. True when it is. Raises RunAbandoned."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while not event.is_set():
        go_on()
        left = SLICE_SECONDS if deadline is None else min(SLICE_SECONDS, deadline - time.monotonic())
        if left <= 0:
            return False
        event.wait(left)
    return True


def growing_intervals(most_seconds: float, *, first_seconds: float = _FIRST_SECONDS) -> Iterator[float]:
    """How often to look for what somebody else does: soon at first, then less and less often, without end.

    Seconds to wait between two looks, from a tenth of a second up to `most_seconds`.
    """
    most_seconds = max(most_seconds, _LEAST_SECONDS)
    seconds = min(first_seconds, most_seconds)
    while True:
        yield seconds
        seconds = min(seconds * _GROWTH, most_seconds)
