"""Locks by key: one holder at a time, for transactions that must not overlap.

A holder is a text; who holds a lock may take it again. Times are seconds; None waits, or holds, without end.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple, Protocol

from orchestrator.sdk.errors import TransactionError


class LockManager(Protocol):
    """What a transaction needs for its locks; an own one can be given in the place of the two here."""

    def acquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool: ...

    def release_lock(self, key: str, holder: str) -> None: ...

    def is_locked(self, key: str) -> bool: ...

    def is_lock_holder(self, key: str, holder: str) -> bool: ...

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool: ...


class _Held(NamedTuple):
    holder: str
    until: float | None  # None: without end

    def is_over(self, moment: float) -> bool:
        return self.until is not None and self.until <= moment


_held_here: dict[str, _Held] = {}
_changed = threading.Condition()


class MemoryLockManager:
    """Locks for the threads of this process; every MemoryLockManager knows the same ones."""

    def acquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        """True once the holder has the lock; False when it was not free within `acquire_timeout`.

        After `hold_timeout` somebody else may take it.
        """
        with _changed:
            if not self._wait(key, acquire_timeout, holder):
                return False
            _held_here[key] = _Held(holder, None if hold_timeout is None else time.monotonic() + hold_timeout)
            return True

    def release_lock(self, key: str, holder: str) -> None:
        """Raises TransactionError when the holder does not have it."""
        with _changed:
            if not self.is_lock_holder(key, holder):
                raise TransactionError(f"The lock {key!r} is not held by {holder!r}")
            del _held_here[key]
            _changed.notify_all()

    def is_locked(self, key: str) -> bool:
        """Whether anybody has it."""
        held = _held_here.get(key)
        return held is not None and not held.is_over(time.monotonic())

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether this holder has it."""
        held = _held_here.get(key)
        return held is not None and held.holder == holder and not held.is_over(time.monotonic())

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody has it. False when somebody still does after `timeout`."""
        with _changed:
            return self._wait(key, timeout, None)

    def _wait(self, key: str, timeout: float | None, holder: str | None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            held = _held_here.get(key)
            moment = time.monotonic()
            if held is None or held.holder == holder or held.is_over(moment):
                return True
            ends = [each for each in (deadline, held.until) if each is not None]
            if deadline is not None and deadline <= moment:
                return False
            _changed.wait(min(ends) - moment if ends else None)
