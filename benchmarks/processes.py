"""What a process and everything below it take of the machine."""

from __future__ import annotations

from collections.abc import Iterator

import psutil

MIB = 1024 * 1024


def cpu_seconds(pid: int) -> float:
    """Of the process, its living descendants, and those that ended and were waited for."""
    return sum(sum(process.cpu_times()[:4]) for process in _tree(pid))


def memory_mib(pid: int) -> float:
    """What they have in memory together. Pages that they share count once for each (RSS)."""
    return sum(process.memory_info().rss for process in _tree(pid)) / MIB


def _tree(pid: int) -> Iterator[psutil.Process]:
    parent = psutil.Process(pid)
    for process in (parent, *parent.children(recursive=True)):
        if process.is_running():
            yield process
