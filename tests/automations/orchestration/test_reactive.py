"""When a trigger that counts events fires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from automations.orchestration.reactive import count_event

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def play(trigger, *events):
    """At which of the events, told as seconds after noon or as a name and seconds, the trigger fires."""
    window, fired = None, []
    for event in events:
        name, seconds = event if isinstance(event, tuple) else ("go", event)
        window, fires = count_event(trigger, window, name=name, occurred=NOON + timedelta(seconds=seconds))
        if fires:
            fired.append(event)
    return fired


def test_fires_at_every_event_when_one_is_enough():
    assert play({"expect": ["go"]}, 0, 0, 5) == [0, 0, 5]


def test_passes_over_events_that_it_does_not_expect():
    assert play({"expect": ["go"], "threshold": 2, "within": 10}, 0, ("stop", 1), 2) == [2]


def test_takes_any_event_when_none_is_named():
    assert play({"expect": [], "threshold": 2, "within": 10}, ("a", 0), ("b", 1)) == [("b", 1)]


def test_fires_when_enough_came_in_time():
    # The window is open from 0 to 10.
    assert play({"expect": ["go"], "threshold": 3, "within": 10}, 0, 4, 10) == [10]


def test_begins_to_count_anew_when_the_window_is_over():
    # 0 opens a window until 10, 11 the next until 21.
    assert play({"expect": ["go"], "threshold": 2, "within": 10}, 0, 11, 21) == [21]


def test_fires_once_in_a_window():
    # Fired at 1; the window is over at 10; 12 opens another, in which 13 is the second.
    assert play({"expect": ["go"], "threshold": 2, "within": 10}, 0, 1, 2, 9, 12, 13) == [1, 13]


def test_counts_an_event_that_comes_late():
    # The event of -60 is reported after that of 0.
    assert play({"expect": ["go"], "threshold": 2, "within": 10}, 0, -60) == [-60]


def test_counts_only_after_what_opens_the_window():
    trigger = {"after": ["start"], "expect": ["go"], "threshold": 1, "within": 10}

    assert play(trigger, 0, ("start", 1), 2) == [2]
    assert play(trigger, ("start", 0), 11) == []


def test_does_not_count_what_opens_the_window():
    trigger = {"after": ["go"], "expect": ["go"], "threshold": 1, "within": 10}

    assert play(trigger, 0, 1) == [1]


@pytest.mark.parametrize("occurred", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
@pytest.mark.parametrize("within", [0.0, 60.0, 1e20])
def test_counts_events_that_a_client_puts_at_an_end_of_the_calendar(occurred, within):
    window, fires = count_event({"expect": ["go"], "within": within}, None, name="go", occurred=occurred)

    assert fires
    assert window is None or window.fired
