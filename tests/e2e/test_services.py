"""What happens by itself while nobody asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.waiting import eventually


@pytest.fixture
def flow_id(system):
    return system.ask("POST", "/flows/", {"name": "services"})["id"]


def moment(seconds_from_now: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds_from_now)).isoformat()


def run_in(system, flow_id, state, **more):
    return system.ask("POST", "/flow_runs/", {"flow_id": flow_id, "state": state, **more})["id"]


def state_of(system, run_id):
    return system.ask("GET", f"/flow_runs/{run_id}")["state"]["name"]


def set_state(system, run_id, type_, **details):
    system.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": type_, "state_details": details}})


def test_marks_a_run_late_that_nobody_begins(system, flow_id):
    details = {"scheduled_time": moment(-600)}

    run_id = run_in(system, flow_id, {"type": "SCHEDULED", "state_details": details})

    eventually(lambda: state_of(system, run_id) == "Late", seconds=20)


def test_lets_a_run_fail_that_nobody_resumes(system, flow_id):
    run_id = run_in(system, flow_id, {"type": "RUNNING"})

    set_state(system, run_id, "PAUSED", pause_timeout=moment(1))

    eventually(lambda: state_of(system, run_id) == "Failed", seconds=20)


def test_cancels_what_a_cancelled_run_left_running(system, flow_id):
    run_id = run_in(system, flow_id, {"type": "RUNNING"})
    body = {"flow_run_id": run_id, "task_key": "t", "dynamic_key": "0", "state": {"type": "RUNNING"}}
    task_run_id = system.ask("POST", "/task_runs/", body)["id"]

    set_state(system, run_id, "CANCELLED")

    eventually(lambda: system.ask("GET", f"/task_runs/{task_run_id}")["state"]["name"] == "Cancelled", seconds=40)


def test_clears_what_a_deleted_run_left(system, flow_id):
    run_id = run_in(system, flow_id, {"type": "RUNNING"})
    line = {"name": "e2e", "level": 20, "message": "gone", "timestamp": moment(0), "flow_run_id": run_id}
    system.ask("POST", "/logs/", [line])

    system.ask("DELETE", f"/flow_runs/{run_id}")

    filter = {"logs": {"flow_run_id": {"any_": [run_id]}}}
    eventually(lambda: system.ask("POST", "/logs/filter", filter) == [], seconds=15)
