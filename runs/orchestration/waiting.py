"""For how long somebody who found no slot had better wait."""

from __future__ import annotations

import random
from math import exp, log

LONGEST_WAIT = 30.0  # seconds
LONGEST_WAIT_FOR_TAGS = 10.0  # seconds

# Of the average: so bounded, an exponential distribution keeps its average nearly.
_SHORTEST, _LONGEST = 0.75, 1.3


def spread(average_seconds: float) -> float:
    """A time around the average, as in arrivals by chance, so that those who wait do not all come back at once."""
    if average_seconds <= 0:
        return 0.0
    return -log(random.uniform(exp(-_LONGEST), exp(-_SHORTEST))) * average_seconds


def longest_wait(tag: str | None) -> float:
    """Seconds. `tag` is the tag of the limit, None for any other limit."""
    return LONGEST_WAIT if tag is None else LONGEST_WAIT_FOR_TAGS
