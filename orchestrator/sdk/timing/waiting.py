"""How often to look for what somebody else does: soon at first, then less and less often."""

from __future__ import annotations

from collections.abc import Iterator

_FIRST_SECONDS = 0.1
_LEAST_SECONDS = 0.02
_GROWTH = 1.5


def growing_intervals(most_seconds: float) -> Iterator[float]:
    """Seconds to wait between two looks, from a tenth of a second up to `most_seconds`; without end."""
    most_seconds = max(most_seconds, _LEAST_SECONDS)
    seconds = min(_FIRST_SECONDS, most_seconds)
    while True:
        yield seconds
        seconds = min(seconds * _GROWTH, most_seconds)
