"""Locks as files: one holder at a time among all processes, also of several hosts, that see one directory.

A lock is free again when the process that held it is gone. Processes of the same machine and container look at the
process itself. For others a lock without `hold_timeout` is a lease that its holder renews: it ends LEASE_SECONDS after
the last sign of life. What the time is, the place of the files tells, so clocks of hosts may differ.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestrator.sdk.errors import TransactionError
from orchestrator.sdk.transactional import renewing
from orchestrator.sdk.transactional.holders import is_here, lives, this_process
from orchestrator.sdk.transactional.waiting import until
from orchestrator.sdk.values.whole_files import write_whole

_renewals = renewing.Renewals()


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
        """True once the holder has the lock; False when it was not free within `acquire_timeout`.

        After `hold_timeout` somebody else may take it; without, it is held for as long as this process lives.
        """
        if not until(lambda: self._take(key, holder, hold_timeout), acquire_timeout):
            return False
        name = (str(self.directory), key, holder)
        _renewals.stop(name)
        if hold_timeout is None:
            _renewals.start(name, lambda: self._renew(key, holder))
        return True

    def release_lock(self, key: str, holder: str) -> None:
        """Raises TransactionError when the holder does not have it."""
        _renewals.stop((str(self.directory), key, holder))
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
        return until(lambda: not self.is_locked(key), timeout)

    def _take(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        with self._alone():
            if self._holder(key) not in (None, holder):
                return False
            term = None if hold_timeout is None else time.time() + hold_timeout
            told = {"holder": holder, "until": term, **this_process()}
            write_whole(self._file(key), json.dumps(told).encode(), mode=None, durable=False)
            return True

    def _renew(self, key: str, holder: str) -> bool:
        """Show others that the holder lives. False when it does not have the lock any more."""
        try:
            with self._alone():
                if self._holder(key) != holder:
                    return False
                os.utime(self._file(key))
                return True
        except OSError as error:
            raise TransactionError(f"The lock {key!r} cannot be renewed in {self.directory}: {error}") from error

    def _holder(self, key: str) -> str | None:
        file = self._file(key)
        try:
            told = json.loads(file.read_text())
            return None if self._is_over(told, file) else str(told["holder"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TransactionError(f"The lock file {file} cannot be read: {error!r}") from error

    def _is_over(self, told: dict[str, Any], file: Path) -> bool:
        term = told["until"]
        if term is not None and term <= time.time():
            return True
        if is_here(told):
            return not lives(told)
        return term is None and self._now() - file.stat().st_mtime > renewing.LEASE_SECONDS

    def _now(self) -> float:
        """By the clock that also dates the files."""
        clock = self.directory / ".clock"
        clock.touch()
        return clock.stat().st_mtime

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
