"""Ending all processes of a group."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_LOOK_SECONDS = 0.02


def group_lives(group: int) -> bool:
    """Whether a process of the group executes; those that only wait to be collected do not count."""
    if not _signal(group, 0):
        return False
    seen = False
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name, in parentheses, may hold anything.
            state, _, its_group = place.read_text(errors="replace").rpartition(")")[2].split()[:3]
            seen = True
            if int(its_group) == group and state not in ("Z", "X"):
                return True
    return not seen  # without /proc, the kernel's word counts


def end_group(group: int, *, grace_seconds: float, collect: Callable[[], object]) -> None:
    """SIGTERM to all of it, and SIGKILL to what is left after `grace_seconds`. `collect` takes in the dead leader."""
    if not _signal(group, signal.SIGTERM):
        return
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline:
        collect()
        if not group_lives(group):
            return
        time.sleep(_LOOK_SECONDS)
    _signal(group, signal.SIGKILL)
    collect()


def _signal(group: int, number: int) -> bool:
    """False when nobody is in the group any more."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
