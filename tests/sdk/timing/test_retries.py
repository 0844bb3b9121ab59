from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.sdk.timing.retries import (
    checked_delay,
    checked_jitter,
    checked_single_delay,
    delay_seconds,
    exponential_backoff,
)

NAN, INF = float("nan"), float("inf")

# what the author writes, with 3 retries -> seconds before retry 1, 2, 3
DELAYS = [
    (None, [0, 0, 0]),
    (2, [2, 2, 2]),
    ([1, 5], [1, 5, 5]),  # the last repeats
    (lambda retries: [2**n for n in range(retries)], [1, 2, 4]),
    (timedelta(seconds=1.5), [1.5, 1.5, 1.5]),
    ([timedelta(minutes=1), 2], [60, 2, 2]),
    (exponential_backoff(10), [10, 20, 40]),
    (exponential_backoff(backoff_factor=0), [0, 0, 0]),
]


@pytest.mark.parametrize(("written", "expected"), DELAYS)
def test_waits_as_written(written, expected):
    delay = checked_delay(written, retries=3)

    assert [delay_seconds(delay, failures=n) for n in (1, 2, 3)] == expected


def test_spreads_a_delay_upwards():
    seconds = [delay_seconds(10.0, failures=1, jitter_factor=0.5) for _ in range(200)]

    assert 10 <= min(seconds) < max(seconds) <= 15


@pytest.mark.parametrize("wrong", [-1, [1, -1]])
def test_refuses_a_negative_delay(wrong):
    with pytest.raises(ValueError, match="negative"):
        checked_delay(wrong, retries=1)


@pytest.mark.parametrize("wrong", ["3", ["1"], True, NAN, [INF], object(), [1.0] * 51, lambda retries: "x"])
def test_refuses_what_is_no_delay(wrong):
    with pytest.raises(ValueError, match="retry delay"):
        checked_delay(wrong, retries=1)


@pytest.mark.parametrize("wrong", [-0.1, "0.5", True, NAN, INF])
def test_refuses_what_is_no_jitter(wrong):
    with pytest.raises(ValueError, match="retry_jitter_factor"):
        checked_jitter(wrong)


@pytest.mark.parametrize("wrong", [-1, "2", NAN, INF])
def test_refuses_what_is_no_factor(wrong):
    with pytest.raises(ValueError, match="backoff_factor"):
        exponential_backoff(wrong)


@pytest.mark.parametrize("wrong", [[1, 2], -1, "1", True, NAN, INF])
def test_takes_one_number_only_for_a_flow(wrong):
    with pytest.raises(ValueError, match="a number"):
        checked_single_delay(wrong)
