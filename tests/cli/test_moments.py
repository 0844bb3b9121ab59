"""Times as people read and type them."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from orchestrator.cli.moments import Moment, Since, Span, duration, in_words, relative
from orchestrator.contract.times import now


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("90s", 90),
        ("5 minutes", 300),
        ("in 5 minutes", 300),
        ("1h30m", 5400),
        ("2 days and 1 hour", 176_400),
        ("1w", 604_800),
    ],
)
def test_reads_lengths_of_time(typed, seconds):
    assert Span().convert(typed, None, None) == timedelta(seconds=seconds)


@pytest.mark.parametrize("typed", ["", "soon", "5 parsecs", "-5m", "m", "9" * 400, "99999999999999w"])
def test_refuses_what_is_no_length_of_time(typed):
    with pytest.raises(click.BadParameter):
        Span().convert(typed, None, None)


def test_reads_a_time_with_a_zone_and_one_on_this_clock():
    assert Moment().convert("2026-01-02T03:04:05+01:00", None, None) == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    here = Moment().convert("2026-01-02 03:04", None, None).astimezone()
    assert (here.hour, here.minute) == (3, 4)
    today = Moment().convert("9:30", None, None).astimezone()
    assert (today.date(), today.hour) == (datetime.now().astimezone().date(), 9)


@pytest.mark.parametrize("typed", ["", "tomorrow", "25:00", "2026-13-01", "0001-01-01T00:00:00+23:00"])
def test_refuses_what_is_no_time(typed):
    with pytest.raises(click.BadParameter):
        Moment().convert(typed, None, None)


def test_reads_how_long_ago_something_was():
    assert abs(now() - timedelta(hours=2) - Since().convert("2h", None, None)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.5, "0.5 seconds"), (1, "1 second"), (60, "1 minute"), (7200, "2 hours")],
)
def test_says_lengths_in_words(seconds, words):
    assert in_words(seconds) == words


def test_says_whether_a_time_is_past_or_to_come():
    assert relative(now() - timedelta(minutes=3, seconds=1)) == "3 minutes ago"
    assert relative(now() + timedelta(hours=2, seconds=1)) == "in 2 hours"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.42, "0.4s"), (12.4, "12s"), (185, "3m 05s"), (7620, "2h 07m"), (90_000, "1d 01h")],
)
def test_writes_durations(seconds, text):
    assert duration(seconds) == text
