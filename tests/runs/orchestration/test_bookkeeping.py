"""What a written state changes on its run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runs.orchestration.bookkeeping import changes_to_run
from runs.orchestration.transition import RunFacts, RunKind
from tests.runs.orchestration.cases import NOW, RUN_ID, at, state


def changes(initial, written, *, policy_changes=None, kind=RunKind.FLOW_RUN, **facts):
    return changes_to_run(RunFacts(id=RUN_ID, kind=kind, **facts), initial, written, policy=policy_changes or {})


def test_expects_the_start_at_the_scheduled_time_of_the_first_state():
    made = changes(None, state("SCHEDULED", scheduled_time=at(60)))

    assert made["expected_start_time"] == NOW + timedelta(seconds=60)
    assert made["next_scheduled_start_time"] == NOW + timedelta(seconds=60)


def test_expects_the_start_now_when_the_first_state_has_no_time():
    assert changes(None, state("PENDING"))["expected_start_time"] == NOW


def test_clears_the_next_start_when_the_run_is_no_longer_scheduled():
    assert changes(state("SCHEDULED"), state("PENDING"), expected_start_time=NOW)["next_scheduled_start_time"] is None


def test_starts_once():
    first = changes(state("PENDING"), state("RUNNING"))
    again = changes(state("SCHEDULED"), state("RUNNING"), start_time=NOW - timedelta(hours=1), run_count=1)

    assert first["start_time"] == NOW
    assert "start_time" not in again


@pytest.mark.parametrize(
    ("policy", "run_count", "counted"),
    [
        ({}, 0, 1),  # the first run
        ({}, 1, 2),  # a retry
        ({"resuming": True}, 1, None),  # a resumed run goes on, it does not run again
    ],
)
def test_counts_runs(policy, run_count, counted):
    made = changes(state("PENDING"), state("RUNNING"), policy=policy, run_count=run_count)

    assert made.get("run_count") == counted


def test_counts_a_run_that_is_begun_anew_after_a_pause_that_nobody_ended():
    made = changes(
        state("FAILED"),
        state("RUNNING"),
        policy={"resuming": True},
        policy_changes={"resuming": False},
        run_count=1,
    )

    assert made["run_count"] == 2


def test_forgets_that_it_resumes_when_it_runs():
    made = changes(state("PENDING"), state("RUNNING"), policy={"resuming": True, "retries": 3})

    assert made["empirical_policy"] == {"resuming": False, "retries": 3}


def test_adds_the_time_that_was_spent_running():
    began = state("RUNNING").with_(timestamp=NOW - timedelta(seconds=2.5))

    assert changes(began, state("COMPLETED"))["run_seconds"] == 2.5


def test_adds_no_time_when_it_was_not_running():
    assert "run_seconds" not in changes(state("PENDING"), state("CANCELLED"))


def test_ends_with_a_terminal_state_and_began_at_the_latest_then():
    made = changes(state("PENDING"), state("CANCELLED"))

    assert made["end_time"] == made["start_time"] == NOW


def test_has_no_end_any_more_when_it_is_begun_again():
    assert changes(state("FAILED"), state("RUNNING"), run_count=1)["end_time"] is None


def test_counts_a_task_run_anew_when_it_is_begun_again_after_its_end():
    made = changes(state("FAILED"), state("RUNNING"), kind=RunKind.TASK_RUN, run_count=3)

    assert made["run_count"] == 1
