"""States as values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time


def test_is_called_after_its_type_when_nobody_named_it():
    assert State(type=StateType.RUNNING).name == "Running"


def test_is_due_at_once_when_it_is_scheduled_without_a_time():
    state = State(type=StateType.SCHEDULED)

    assert state.scheduled_time == state.timestamp


def test_survives_the_way_over_the_wire_with_details_that_nobody_knows():
    state = State(type=StateType.PAUSED, name="Suspended", message="m", data={"a": 1}, details={"strange": [1]})

    back = State.from_wire(state.to_wire())

    assert (back.type, back.name, back.message, back.data) == (state.type, state.name, state.message, state.data)
    assert (back.id, back.timestamp, back.details["strange"]) == (state.id, state.timestamp, [1])


def test_writes_every_detail_even_when_nobody_set_it():
    details = State(type=StateType.RUNNING).to_wire()["state_details"]

    assert details["pause_reschedule"] is False
    assert details["transition_id"] is None


@pytest.mark.parametrize(
    ("data", "persisted"),
    [
        (None, False),  # nothing is known of a result
        ({"type": "unpersisted"}, False),  # there was one, it is gone
        ({"type": "reference", "storage_key": "x"}, True),
        ({"storage_key": "x", "expiration": None}, True),  # metadata of a result record has no type
    ],
)
def test_knows_whether_its_result_is_stored(data, persisted):
    assert State(type=StateType.COMPLETED, data=data).has_persisted_result is persisted


def test_refuses_a_type_that_does_not_exist():
    with pytest.raises(ValueError, match="running"):
        State.from_wire({"type": "running"})


def test_changes_into_another_and_stays_itself():
    first = State(type=StateType.RUNNING, timestamp=datetime(2026, 1, 1, tzinfo=UTC))

    second = first.with_(name="Retrying").with_details(transition_id="t")

    assert (first.name, first.details) == ("Running", {})
    assert (second.name, second.transition_id, format_time(second.timestamp)) == (
        "Retrying",
        "t",
        "2026-01-01T00:00:00.000000Z",
    )
