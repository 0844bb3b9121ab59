"""What is worked out once in a while in each process, and given to everybody who asks meanwhile."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Place(Generic[T]):
    """`found` is when it was worked out, by the clock that never goes back, and what came out; None before that."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    found: tuple[float, T] | None = None


class Kept(Generic[T]):
    """One value for each key, for so many seconds.

    One thread at a time works a value out. The others are given the old one meanwhile; where there is none yet, they
    wait for the first.
    """

    def __init__(self, seconds: float, *, most: int = 100) -> None:
        self._seconds = seconds
        self._most = most  # keys; the one that was asked for longest ago goes first
        self._places: OrderedDict[Hashable, _Place[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        place = self._place(key)
        old = place.found
        if old is not None and self._is_fresh(old):
            return old[1]
        if old is not None and not place.turn.acquire(blocking=False):
            return old[1]
        if old is None:
            place.turn.acquire()
        try:
            found = place.found
            if found is None or not self._is_fresh(found):
                found = place.found = (time.monotonic(), make())
            return found[1]
        finally:
            place.turn.release()

    def _place(self, key: Hashable) -> _Place[T]:
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > self._most:
                self._places.popitem(last=False)
        return place

    def _is_fresh(self, found: tuple[float, T]) -> bool:
        return time.monotonic() - found[0] < self._seconds
