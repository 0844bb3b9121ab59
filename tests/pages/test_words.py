"""Durations and distances in words."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.pages.words import distance_words, duration_words

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (-3.0, "0.0 s"),  # clocks differ; no duration is negative
        (0.0004, "1 ms"),  # no less is told
        (0.004, "4 ms"),
        (0.74, "0.7 s"),
        (9.94, "9.9 s"),
        (18.9, "18 s"),  # whole seconds that have passed
        (209.0, "3m 29s"),  # 3 × 60 + 29
        (5040.0, "1 h 24 m"),  # 3600 + 24 × 60
        (183_600.0, "2 d 3 h"),  # 2 × 86,400 + 3 × 3,600
    ],
)
def test_says_a_duration_in_its_two_largest_units(seconds, words):
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds_ago", "words"),
    [
        (0, "just now"),
        (12, "12 s ago"),
        (250, "4 min ago"),
        (3 * 3600, "3 h ago"),
        (2 * 86400, "2 d ago"),
        (-540, "in 9 min"),
    ],
)
def test_says_how_far_away_a_moment_is(seconds_ago, words):
    assert distance_words(NOW - timedelta(seconds=seconds_ago), NOW) == words
