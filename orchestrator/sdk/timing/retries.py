"""When a run is tried again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from math import isfinite
from typing import Any

RetryDelay = float | timedelta | Sequence[float] | Callable[[int], Sequence[float]] | None
_MOST_DELAYS = 50  # a server takes no longer list; the last one repeats


def checked_delay(delay: RetryDelay, *, retries: int) -> float | list[float]:
    """A number, or a list of them for the first, second, … retry. Raises ValueError for anything else."""
    if delay is None:
        return 0.0
    if callable(delay):
        delay = delay(retries)
    if isinstance(delay, (int, float, timedelta)):
        return _checked_seconds(delay)
    if isinstance(delay, (str, bytes)) or not isinstance(delay, Iterable):
        raise ValueError(f"a retry delay is {delay!r}; a number of seconds, a list of them, or a function is needed")
    delays = [_checked_seconds(each) for each in delay]
    if len(delays) > _MOST_DELAYS:
        raise ValueError(f"{len(delays)} retry delays are given; {_MOST_DELAYS} are the most")
    return delays or 0.0


def _checked_seconds(delay: Any) -> float:
    if isinstance(delay, timedelta):
        delay = delay.total_seconds()
    if not _is_number(delay):
        raise ValueError(f"a retry delay is {delay!r}; a number of seconds is needed")
    if delay < 0:
        raise ValueError(f"a retry delay cannot be negative: {delay}")
    return float(delay)


def exponential_backoff(backoff_factor: float) -> Callable[[int], list[float]]:
    """For `retry_delay_seconds`: backoff_factor × 1, 2, 4, 8, … seconds, each pause twice the one before.

    Raises ValueError for a factor that is negative or no number.
    """
    if not _is_number(backoff_factor) or backoff_factor < 0:
        raise ValueError(f"backoff_factor is {backoff_factor}; a number from 0 on is needed")

    def delays(retries: int) -> list[float]:
        return [float(backoff_factor * 2**number) for number in range(min(retries, _MOST_DELAYS))]

    return delays


def checked_single_delay(delay: float | None) -> float:
    """The pause before every retry of a flow: the server counts it, and knows one number only. None is no pause."""
    if delay is None:
        return 0.0
    if not _is_number(delay) or delay < 0:
        raise ValueError(f"retry_delay_seconds of a flow is {delay!r}; a number from 0 on is needed")
    return float(delay)


def checked_jitter(factor: float | None) -> float | None:
    """None is no jitter. Raises ValueError unless it is a number from 0 on."""
    if factor is None:
        return None
    if not _is_number(factor) or factor < 0:
        raise ValueError(f"retry_jitter_factor is {factor!r}; a number from 0 on is needed")
    return float(factor)


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


def _is_number(value: Any) -> bool:
    """Whether one can wait for so long: True, NaN and infinity are no numbers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
