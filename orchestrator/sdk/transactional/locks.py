"""Locks by key: one holder at a time, for transactions that must not overlap.

A holder is a text; who holds a lock may take it again. Times are seconds; None waits, or holds, without end.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from orchestrator.sdk.errors import TransactionError

_LONGEST_PAUSE_SECONDS = 0.25


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


class FileSystemLockManager:
    """Locks as files in a directory, for all processes that see it. The lock of a process that died is free again."""

    def __init__(self, lock_files_directory: str | Path) -> None:
        self.directory = Path(lock_files_directory).expanduser().absolute()

    def __repr__(self) -> str:
        return f"FileSystemLockManager({str(self.directory)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileSystemLockManager) and other.directory == self.directory

    def __hash__(self) -> int:
        return hash(self.directory)

    def acquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        """As MemoryLockManager.acquire_lock."""
        return self._until(lambda: self._take(key, holder, hold_timeout), acquire_timeout)

    def release_lock(self, key: str, holder: str) -> None:
        """Raises TransactionError when the holder does not have it."""
        with self._alone():
            if self._holder(key) != holder:
                raise TransactionError(f"The lock {key!r} is not held by {holder!r}")
            self._file(key).unlink(missing_ok=True)

    def is_locked(self, key: str) -> bool:
        """Whether anybody has it."""
        return self._holder(key) is not None

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether this holder has it."""
        return self._holder(key) == holder

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody has it. False when somebody still does after `timeout`."""
        return self._until(lambda: not self.is_locked(key), timeout)

    def _until(self, done: Any, timeout: float | None) -> bool:
        from orchestrator.sdk.timing import pace

        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0.005
        while not done():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            left = pause if deadline is None else max(0.0, deadline - time.monotonic())
            pace.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        return True

    def _take(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        with self._alone():
            if self._holder(key) not in (None, holder):
                return False
            until = None if hold_timeout is None else time.time() + hold_timeout
            told = {"holder": holder, "until": until, "host": _host(), "process": os.getpid()}
            file = self._file(key)
            beside = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
            beside.write_text(json.dumps(told))
            os.replace(beside, file)
            return True

    def _holder(self, key: str) -> str | None:
        try:
            told = json.loads(self._file(key).read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise TransactionError(f"The lock file {self._file(key)} cannot be read: {error}") from error
        if told["until"] is not None and told["until"] <= time.time():
            return None
        if told["host"] == _host() and not _lives(told["process"]):
            return None
        return str(told["holder"])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else changes a lock file meanwhile."""
        import fcntl

        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / ".changing").open("a") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _file(self, key: str) -> Path:
        return self.directory / f"{hashlib.sha256(key.encode()).hexdigest()}.lock"


def _host() -> str:
    import socket

    return socket.gethostname()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
