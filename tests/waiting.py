"""Waiting for what other threads and processes do: a test asks until it is so, and never sleeps and hopes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.05


def eventually(condition: Callable[[], Found], *, seconds: float = 20.0) -> Found:
    """The first true value of the condition. Fails when there is none within so many seconds."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} seconds"
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    return found


def is_alive(pid: int | str) -> bool:
    """Whether there is such a process, and not only what is left of it for its parent to read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False
