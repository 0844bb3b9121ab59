"""What one row of *Needs attention* is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum


class Urgency(IntEnum):
    """The smaller, the sooner."""

    NOBODY_WORKS = 0
    FAILS_AGAIN = 1
    CRASHED = 2
    WAITS_FOR_SOMEBODY = 3
    FAILED_ONCE = 4
    FAILS_MORE_OFTEN = 5
    SLOW = 6
    FULL = 7
    ACTION_FAILED = 8
    SWITCHED_OFF = 9


@dataclass(frozen=True, slots=True)
class Deed:
    """A link, or with `posts` a button that posts `name` and `value` to `url`, for those who may change things."""

    words: str
    url: str
    posts: bool = False
    name: str = ""
    value: str = ""
    is_first: bool = False  # what one would do most likely


@dataclass(frozen=True, slots=True)
class Cause:
    """`key` names the cause for as long as it lasts: who snoozed it is not told again meanwhile."""

    key: str
    urgency: Urgency
    tone: str
    icon: str
    word: str
    title: str
    url: str
    since: datetime | None
    count: int
    details: str = ""
    code: str = ""  # an error, or a command to copy
    deeds: tuple[Deed, ...] = field(default=())

    @property
    def mark(self) -> str:
        """The key in few letters."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:16]
