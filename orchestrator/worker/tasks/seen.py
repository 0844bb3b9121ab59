"""Which submissions came to this worker before: one that somebody puts on the broker again is not executed again."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from orchestrator.broker.submissions import LONGEST_WAY_SECONDS

MOST = 100_000  # that are kept in mind; each for as long as it would be executed


class Seen:
    """Signatures of submissions. Each sending has another one."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._came_at: OrderedDict[str, float] = OrderedDict()

    def comes_again(self, signature: Any) -> bool:
        """Whether this one came before; from now on it did."""
        if not isinstance(signature, str):
            return False  # nobody executes it anyway
        if signature in self._came_at:
            return True
        now = time.monotonic()
        while self._came_at:
            oldest = next(iter(self._came_at))
            if len(self._came_at) < self._most and now - self._came_at[oldest] <= LONGEST_WAY_SECONDS:
                break
            del self._came_at[oldest]
        self._came_at[signature] = now
        return False
