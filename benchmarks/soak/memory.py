"""What the processes have in memory over time, and by how much that grows."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from benchmarks.processes import memory_mib

_EVERY_SECONDS = 2.0
_OF_A_KIND = {"worker"}  # it starts processes and ends them, and all are forks of it


@dataclass(frozen=True)
class Look:
    """`age`: seconds since the process was started; `at`: seconds since the first look at all.

    `mib` is of the process with its children, or with several of the same kind, of one of these on average.
    """

    role: str
    pid: int
    age: float
    at: float
    mib: float


class Watch(threading.Thread):
    """Looks at the processes that `roles` gives until `end`. `looks` is everything that it saw."""

    def __init__(self, roles: Callable[[], dict[str, int]]) -> None:
        super().__init__(name="soak-memory", daemon=True)
        self.looks: list[Look] = []
        self._roles = roles
        self._ended = threading.Event()
        self._began = time.monotonic()

    @property
    def now(self) -> float:
        """The time as looks tell it."""
        return time.monotonic() - self._began

    def run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            for role, pid in list(self._roles().items()):
                try:
                    process = psutil.Process(pid)
                    age = time.time() - process.create_time()
                    kind = len(process.children(recursive=True)) + 1 if role in _OF_A_KIND else 1
                    self.looks.append(Look(role, pid, age, self.now, memory_mib(pid) / kind))
                except psutil.Error:
                    continue  # it is being started again

    def end(self) -> None:
        self._ended.set()
        self.join()


def growth(looks: list[Look], role: str, *, since: float, until: float) -> float:
    """Of what has this role in that time: by how many percent the median of the last third is above that of the first.

    0 where too little was seen to say.
    """
    seen = [look.mib for look in looks if look.role == role and since <= look.at <= until]
    return _growth(seen)


def growth_at_equal_age(looks: list[Look], role: str, *, until: float) -> float:
    """The same over the processes that had this role one after the other, each taken at the age that most came to."""
    lives: dict[int, list[Look]] = {}
    for look in looks:
        if look.role == role and look.at <= until:
            lives.setdefault(look.pid, []).append(look)
    if len(lives) < 3:
        return 0.0
    age = statistics.median(max(look.age for look in life) for life in lives.values()) - 2 * _EVERY_SECONDS
    at_age = [[look for look in life if abs(look.age - age) <= 2 * _EVERY_SECONDS] for life in lives.values()]
    return _growth([statistics.median(look.mib for look in found) for found in at_age if found])


def _growth(values: list[float]) -> float:
    third = len(values) // 3
    if not third:
        return 0.0
    first, last = statistics.median(values[:third]), statistics.median(values[-third:])
    return (last / first - 1) * 100
