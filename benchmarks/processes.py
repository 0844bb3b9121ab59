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


def own_memory_mib(pid: int) -> float:
    """What this process alone has in memory (RSS)."""
    return float(psutil.Process(pid).memory_info().rss) / MIB


def memory_without_sharing_mib(pid: int) -> float:
    """What they have in memory together. Each page counts once, however many share it (PSS)."""
    return sum(process.memory_full_info().pss for process in _tree(pid)) / MIB


def pids(pid: int) -> set[int]:
    """Of the process and its living descendants."""
    return {process.pid for process in _tree(pid)}


def serving_on(port: int, *, below: int) -> int:
    """Which of the processes from `below` on answers at this port: of those that have it open, the last one started.

    One that only holds the socket for another is older. Raises LookupError when there is none.
    """
    holders = [process for process in _tree(below) if _listens(process, port)]
    if not holders:
        raise LookupError(f"No process below {below} listens on port {port}.")
    return max(holders, key=lambda process: process.create_time()).pid


def _listens(process: psutil.Process, port: int) -> bool:
    sockets = process.net_connections("tcp")
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)


def _tree(pid: int) -> Iterator[psutil.Process]:
    parent = psutil.Process(pid)
    for process in (parent, *parent.children(recursive=True)):
        if process.is_running():
            yield process
