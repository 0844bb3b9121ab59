"""Processes that are started to execute something: how they end, and that none outlives whoever started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

# Looked up before any fork: loading a library in a forked child is not safe.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def how_it_ended(code: int) -> str:
    """`exit code 3`, or `signal 9 (SIGKILL)` for -9. `code` is what subprocess tells: negative for a signal."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:  # most real-time signals have no name
        return f"signal {-code}"


def die_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """Called in a new process: it gets this signal when its parent, a process id, ends. Linux only.

    The kernel sends it only to who asked before that; a parent that was killed sooner is noticed here.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    if _LIBC is not None and os.getppid() != parent:
        os.kill(os.getpid(), number)


def adopt_orphans() -> None:
    """Become the parent of whatever a dying child leaves behind, so that nothing escapes. Linux only."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _LIBC is not None:
        _LIBC.prctl(option, int(value), 0, 0, 0)
