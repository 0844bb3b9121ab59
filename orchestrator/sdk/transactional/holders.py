"""Which process holds a lock, told so that others can see whether it still lives.

A number alone says too little: it is given to another process after a while, and the first process of a container has
the same one each time. So the start of the machine, the space of process numbers and the start of the process count
too. Where the operating system does not tell them, host and number have to do.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from typing import Any

_START_FIELD = 19  # of /proc/<process>/stat, behind the name in parentheses
_OVER = frozenset("ZX")  # killed, but its parent has not looked yet


def this_process() -> dict[str, Any]:
    """As JSON values: `place`, in which process numbers mean the same, `process`, and when it was `started`."""
    process = os.getpid()
    return {"place": _place(), "process": process, "started": _started(process)}


def is_here(holder: dict[str, Any]) -> bool:
    """Whether `lives` can tell: the holder shares process numbers with this process."""
    return bool(holder.get("place") == _place())


def lives(holder: dict[str, Any]) -> bool:
    """Whether the process of a holder that `is_here` still executes."""
    process = holder["process"]
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    told = _told(process)
    if told is None or holder.get("started") is None:
        return True
    state, started = told
    return state not in _OVER and bool(started == holder["started"])


@cache
def _place() -> list[str]:
    """The host, since when it has been up, and the space of process numbers: containers have their own."""
    told = [socket.gethostname()]
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            told.append(file.read().strip())
        told.append(os.readlink("/proc/self/ns/pid"))
    except OSError:  # no Linux
        pass
    return told


def _started(process: int) -> str | None:
    """In ticks since the machine started. None where that is not told."""
    told = _told(process)
    return told[1] if told is not None else None


def _told(process: int) -> tuple[str, str] | None:
    """What it does, and when it was started. None where that is not told, or the process is no more."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].decode().split()
        return fields[0], fields[_START_FIELD]
    except (OSError, IndexError):
        return None
