from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.contract.ids import uuid7
from orchestrator.web.models import WebPulse
from orchestrator.web.pulse import FORGET_SECONDS, SILENT_SECONDS, Pulse, api_up_since, beat

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
