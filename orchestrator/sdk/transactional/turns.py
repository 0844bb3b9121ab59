"""The lock of one transaction, while it waits for it and while it has it."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from orchestrator.sdk.errors import TransactionError

if TYPE_CHECKING:
    from orchestrator.sdk.transactional.locks import LockManager

_WAIT_SECONDS = 1.0  # before looking whether the turn is still wanted


class Turn:
    """One at a time for the key. Whoever waits may be gone before its turn comes, as when its asyncio task is
    cancelled while a thread waits: what the thread then gets is given back at once."""

    def __init__(self, locks: LockManager, key: str) -> None:
        self._locks = locks
        self._key = key
        self._holder = uuid4().hex
        self._is_wanted = True
        self._changing = threading.Lock()

    def take(self) -> None:
        """Blocks. Returns without the lock when `give_back` was called meanwhile."""
        while self._is_wanted and not self._locks.acquire_lock(self._key, self._holder, acquire_timeout=_WAIT_SECONDS):
            pass
        if not self._is_wanted:
            self.give_back()

    def check(self) -> None:
        """Raises TransactionError when the lock was lost, or the place of the locks cannot be reached."""
        if not self._locks.is_lock_holder(self._key, self._holder):
            raise TransactionError(
                f"The lock {self._key!r} was lost, and somebody else may have it: this process gave no sign of life "
                "for too long, or could not reach the place of the locks"
            )

    def give_back(self) -> None:
        """Also before it has come. Raises TransactionError when the place of the locks cannot be reached."""
        self._is_wanted = False
        with self._changing:
            if self._locks.is_lock_holder(self._key, self._holder):
                self._locks.release_lock(self._key, self._holder)

    def give_up(self) -> None:
        """`give_back` for who has a worse error to tell."""
        with suppress(TransactionError):
            self.give_back()
