"""Large amounts of rows, worked off in pieces that nobody notices."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

PAUSE_SECONDS = 0.01  # between two batches, so that other writers get their turns


def repeat(batch: Callable[[], int], *, seconds: float) -> int:
    """Call `batch` until it finds nothing more, but begin none after `seconds`. Returns the sum of its answers."""
    until = monotonic() + seconds
    total = 0
    while done := batch():
        total += done
        if monotonic() >= until:
            break
        sleep(PAUSE_SECONDS)
    return total
