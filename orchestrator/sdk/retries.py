"""When a run is tried again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

RetryDelay = float | Sequence[float] | Callable[[int], Sequence[float]] | None


def checked_delay(delay: RetryDelay, *, retries: int) -> float | list[float]:
    """A number, or a list of them for the first, second, … retry. Raises ValueError for anything else."""
    if delay is None:
        return 0.0
    if callable(delay):
        delay = delay(retries)
    if isinstance(delay, (int, float)):
        if delay < 0:
            raise ValueError(f"a retry delay cannot be negative: {delay}")
        return float(delay)
    delays = [float(each) for each in delay]
    if any(each < 0 for each in delays):
        raise ValueError(f"a retry delay cannot be negative: {delays}")
    return delays or 0.0


def checked_single_delay(delay: float | None) -> float:
    """The pause before every retry of a flow: the server counts it, and knows one number only. None is no pause."""
    if delay is None:
        return 0.0
    if not isinstance(delay, (int, float)) or delay < 0:
        raise ValueError(f"retry_delay_seconds of a flow is {delay!r}; a number from 0 on is needed")
    return float(delay)


def delay_seconds(delay: float | list[float], *, failures: int, jitter_factor: float | None = None) -> float:
    """How long to wait after the given number of failures (1 for the first). The last of a list repeats.

    With a jitter factor j the delay d is drawn evenly from d to d × (1 + j).
    """
    seconds = delay if isinstance(delay, float) else delay[min(failures, len(delay)) - 1]
    if jitter_factor:
        seconds *= random.uniform(1.0, 1.0 + jitter_factor)
    return seconds


def policy(*, retries: int, delay: float | list[float], jitter_factor: float | None = None) -> dict[str, Any]:
    """`empirical_policy` of a task run."""
    sent = {"retries": retries, "retry_delay": delay, "retry_jitter_factor": jitter_factor}
    return {"max_retries": 0, "retry_delay_seconds": 0.0, **sent}
