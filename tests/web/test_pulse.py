from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.contract.ids import uuid7
from orchestrator.web.models import WebPulse
from orchestrator.web.pulse import (
    FORGET_SECONDS,
    SILENT_SECONDS,
    Presence,
    Pulse,
    api_presence,
    api_up_since,
    beat,
    beat_seconds,
    silence,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.django_db
def test_is_up_since_nothing_when_no_process_beats() -> None:
    assert api_up_since(NOON) is None


@pytest.mark.django_db
def test_is_up_since_the_first_beat() -> None:
    pulse_id = uuid7()

    for seconds in (0, 5, 10):
        beat(pulse_id, after(seconds))

    assert api_up_since(after(12)) == NOON


@pytest.mark.django_db
def test_begins_anew_after_an_interruption() -> None:
    pulse_id = uuid7()
    beat(pulse_id, NOON)

    beat(pulse_id, after(SILENT_SECONDS + 1))

    assert api_up_since(after(SILENT_SECONDS + 2)) == after(SILENT_SECONDS + 1)


@pytest.mark.django_db
def test_is_not_up_when_its_process_is_silent() -> None:
    beat(uuid7(), NOON)

    assert api_up_since(after(SILENT_SECONDS + 1)) is None


@pytest.mark.django_db
def test_is_up_since_the_oldest_process_that_still_beats() -> None:
    old, new = uuid7(), uuid7()
    beat(old, NOON)
    beat(new, after(10))
    beat(old, after(12))

    assert api_up_since(after(13)) == NOON
    assert api_up_since(after(26)) is not None  # 12 + 15 = 27: the old one still counts
    assert api_up_since(after(28)) is None  # and the new one was last seen at 10


@pytest.mark.django_db
def test_is_up_since_the_start_of_the_process_that_came_after_a_killed_one() -> None:
    beat(uuid7(), NOON)
    beat(uuid7(), after(3))

    assert api_up_since(after(4)) == after(3)


@pytest.mark.django_db
def test_is_up_since_the_first_of_processes_that_took_turns_without_a_gap() -> None:
    turns = [(uuid7(), begins) for begins in (0, 8, 16)]
    for pulse_id, begins in turns:
        beat(pulse_id, after(begins))
        beat(pulse_id, after(begins + 10))

    assert api_up_since(after(30)) == NOON


@pytest.mark.django_db
def test_knows_nothing_about_the_time_after_the_last_beat() -> None:
    pulse_id = uuid7()
    for seconds in (0, 5):
        beat(pulse_id, after(seconds))

    assert api_presence(after(12)) == Presence(NOON, after(5))


@pytest.mark.django_db
def test_sees_an_interruption_of_half_a_short_lease(settings) -> None:
    settings.LEASE_SECONDS = 4.0
    pulse_id = uuid7()
    beat(pulse_id, NOON)

    beat(pulse_id, after(2.1))

    assert api_presence(after(3)) == Presence(after(2.1), after(2.1))


@pytest.mark.parametrize("lease_seconds", [1.0, 3.0, 30.0, 3600.0])
def test_beats_several_times_before_its_silence_counts(settings, lease_seconds) -> None:
    settings.LEASE_SECONDS = lease_seconds

    assert 2.9 < silence().total_seconds() / beat_seconds() < 3.1
    assert beat_seconds() <= 5.0


@pytest.mark.django_db
def test_forgets_processes_that_were_killed_long_ago() -> None:
    beat(uuid7(), NOON)

    beat(uuid7(), after(FORGET_SECONDS + 1))

    assert WebPulse.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_leaves_no_row_after_a_clean_stop() -> None:
    pulse = Pulse()
    pulse.start()
    deadline = datetime.now(UTC) + timedelta(seconds=5)
    while api_up_since() is None and datetime.now(UTC) < deadline:
        pass
    was_up = api_up_since()

    pulse.stop(5)

    assert was_up is not None
    assert api_up_since() is None
