"""Times on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestrator.contract.times import format_time, parse_time

NOON = datetime(2026, 3, 29, 12, 0, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-29T12:00:00.000005Z",
        "2026-03-29T12:00:00.000005+00:00",
        "2026-03-29 12:00:00.000005+00:00",  # a runner sends a space
        "2026-03-29T14:00:00.000005+02:00",  # another zone, the same moment
        "2026-03-29T12:00:00.000005",  # without an offset it is UTC
    ],
)
def test_reads_every_form_that_clients_send(text):
    assert parse_time(text) == NOON
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_refuses_what_is_no_time(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's own words
        parse_time(text)


def test_writes_utc_with_microseconds():
    assert format_time(NOON.astimezone(timezone(timedelta(hours=-5)))) == "2026-03-29T12:00:00.000005Z"


def test_writes_microseconds_even_when_there_are_none():
    assert format_time(NOON.replace(microsecond=0)) == "2026-03-29T12:00:00.000000Z"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
def test_refuses_a_time_that_utc_cannot_say(text):
    with pytest.raises(ValueError, match="out of range"):
        parse_time(text)
