"""The row of the schedules: what of its second half counts, and what voids it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from benchmarks.programs.fleet import Fleet
from benchmarks.row import Incorrect
from benchmarks.rows import schedule
from benchmarks.rows.schedule import Planned
from benchmarks.sides import Side
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from runs.services.late import mark_late
from tests.factories import make_flow, make_flow_run

DUE = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
LATER = DUE + timedelta(seconds=0.75)
PLANNED = Planned("fleet", "a-flow", frozenset({"a", "b"}), DUE, timedelta(seconds=1), {})
RUNS = [
    {"id": "1", "deployment_id": "a", "expected_start_time": format_time(DUE)},
    {"id": "2", "deployment_id": "b", "expected_start_time": format_time(LATER)},
]


class Server(Side):
    """A server that has these runs for the minute."""

    def ask(self, path, body=None):
        return json.loads(self.environment["runs"]) if body["offset"] == 0 else []


def server(*runs):
    return Server("ours", "orchestrator", "python", {"runs": json.dumps(runs)})


def told(**changes):
    at = DUE.timestamp() + 1
    return {"woken": {"1": at, "2": at}, "taken": {"1": at, "2": at}, "refused": [], **changes}


def test_counts_what_was_planned_called_out_and_taken_once():
    due = schedule._checked(server(*RUNS), PLANNED, told())

    assert due == {"1": DUE.timestamp(), "2": LATER.timestamp()}


@pytest.mark.parametrize(
    ("runs", "changes", "why"),
    [
        (RUNS[:1], {}, "1 of 2 deployments have a run"),
        ([*RUNS, {**RUNS[0], "id": "3"}], {}, "3 in all"),
        ([RUNS[0], {**RUNS[1], "deployment_id": "c"}], {}, "of 2 deployments"),
        (RUNS, {"refused": ["2: 409"]}, "could not be taken"),
        (RUNS, {"taken": {"1": 0.0}}, "and has 1"),
        (RUNS, {"woken": {"1": 0.0, "2": 0.0, "other": 0.0}}, "was told of 3"),
        (RUNS, {"woken": dict.fromkeys("12", DUE.timestamp() - 0.5)}, "1.250 seconds before its time"),
    ],
)
def test_is_void_when_a_run_is_missing_double_or_early(runs, changes, why):
    with pytest.raises(Incorrect, match=why):
        schedule._checked(server(*runs), PLANNED, told(**changes))


def test_has_a_schedule_for_any_moment_of_a_day():
    assert schedule._daily(DUE) == {"cron": "5 12 * * *", "timezone": "UTC"}
    assert schedule._daily(LATER)["anchor_date"] == LATER.isoformat()


def test_is_due_at_a_full_minute_that_leaves_enough_time():
    soon = datetime.now(UTC) + timedelta(seconds=90)

    due = schedule._minute_in(90)

    assert soon <= due <= soon + timedelta(seconds=60)
    assert (due.second, due.microsecond) == (0, 0)


def test_tells_the_ninety_ninth_of_a_hundred():
    assert schedule._p99(range(1, 102)) == 100
    assert schedule._p99([3.0]) == 3.0


def test_the_fleet_takes_each_run_once_however_often_it_is_called():
    acknowledged = []
    asked = []
    fleet = Fleet(SimpleNamespace(ask_for=asked.append))
    message = SimpleNamespace(ack=lambda: acknowledged.append(True))

    for run in ("1", "2", "1"):
        fleet.wake_up([[], {"flow_run_id": run, "pool": "pool"}, {}], message)

    assert list(fleet.woken) == ["1", "2"]
    assert asked == ["1", "2"]
    assert len(acknowledged) == 3


def test_counts_the_late_marks_of_its_own_runs(api):
    due = now() - timedelta(seconds=20)
    runs = [
        make_flow_run(
            State(StateType.SCHEDULED, timestamp=due, details={"scheduled_time": format_time(due)}), flow=make_flow()
        )
        for _ in range(2)
    ]
    mark_late()
    side = SimpleNamespace(ask=lambda path, body: api.post(path, body).json())

    assert schedule._late_marks(side, Planned("fleet", str(runs[0].flow_id), frozenset(), due, timedelta(), {})) == 1
    assert schedule._late_marks(side, Planned("fleet", str(uuid4()), frozenset(), due, timedelta(), {})) == 0
