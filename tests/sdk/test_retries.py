from __future__ import annotations

import pytest

from orchestrator.sdk.retries import checked_delay, checked_single_delay, delay_seconds

# what the author writes, with 3 retries -> seconds before retry 1, 2, 3
DELAYS = [
    (None, [0, 0, 0]),
    (2, [2, 2, 2]),
    ([1, 5], [1, 5, 5]),  # the last repeats
    (lambda retries: [2**n for n in range(retries)], [1, 2, 4]),
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


def test_takes_one_number_only_for_a_flow():
    with pytest.raises(ValueError, match="a number"):
        checked_single_delay([1, 2])
