"""How somebody waits for a lock that says nothing when it is free."""

from __future__ import annotations

import time
from collections.abc import Callable

_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.25


def until(done: Callable[[], bool], timeout: float | None) -> bool:
    """Ask `done` again and again, ever less often. False when it still says no after `timeout` seconds."""
    from orchestrator.sdk.timing import pace

    deadline = None if timeout is None else time.monotonic() + timeout
    pauses = pace.growing_intervals(_LONGEST_PAUSE_SECONDS, first_seconds=_FIRST_PAUSE_SECONDS)
    while not done():
        pause = next(pauses)
        left = pause if deadline is None else deadline - time.monotonic()
        if left <= 0:
            return False
        pace.pause(min(pause, left))
    return True
