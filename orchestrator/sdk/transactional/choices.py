"""What a transaction can be told to do, and how far it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class _Choice(StrEnum):
    @classmethod
    def of(cls, given: Any) -> Any:
        """The member, also from its name. Raises ValueError."""
        try:
            return cls(str(given).upper())
        except ValueError:
            raise ValueError(f"{given!r} is no {cls.__name__}; use one of {', '.join(cls)}") from None


class IsolationLevel(_Choice):
    """Whether transactions of one key may be under way at the same time."""

    READ_COMMITTED = "READ_COMMITTED"  # several with the same key may be under way; the last one to commit is kept
    SERIALIZABLE = "SERIALIZABLE"  # one with the same key at a time; needs a lock manager


class CommitMode(_Choice):
    """When what a transaction staged is written for good."""

    EAGER = "EAGER"  # at the end of this transaction, whatever becomes of the one around it
    LAZY = "LAZY"  # with the outermost one
    OFF = "OFF"  # only by `txn.commit()`; rolled back if nobody has called it


class TransactionState(StrEnum):
    PENDING = "PENDING"  # made, not begun
    ACTIVE = "ACTIVE"  # begun
    STAGED = "STAGED"  # has its value and hooks, not committed
    COMMITTED = "COMMITTED"  # kept, or found under its key when it began
    ROLLED_BACK = "ROLLED_BACK"  # undone


class Progress:
    """Something with a TransactionState."""

    state: TransactionState

    def is_pending(self) -> bool:
        """It was made, and has not begun."""
        return self.state is TransactionState.PENDING

    def is_active(self) -> bool:
        """It has begun."""
        return self.state is TransactionState.ACTIVE

    def is_staged(self) -> bool:
        """It has its value and hooks, and is not committed."""
        return self.state is TransactionState.STAGED

    def is_committed(self) -> bool:
        """What was done is kept; from the beginning when its key was stored already."""
        return self.state is TransactionState.COMMITTED

    def is_rolled_back(self) -> bool:
        """What was done was undone."""
        return self.state is TransactionState.ROLLED_BACK

    @property
    def is_over(self) -> bool:
        """Nothing can become of it any more."""
        return self.state in (TransactionState.COMMITTED, TransactionState.ROLLED_BACK)
