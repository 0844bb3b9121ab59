from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from tests.factories import make_flow_run, make_task_run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def history(api, *, hours=2, interval=3600.0, kind="flow_runs", start=NOON):
    body = {
        "history_start": format_time(start),
        "history_end": format_time(start + timedelta(hours=hours)),
        "history_interval_seconds": interval,
    }
    return api.post(f"/{kind}/history", body)


def ended(minutes, *, seconds=10.0, late=0.0, state="COMPLETED"):
    expected = NOON + timedelta(minutes=minutes)
    return make_flow_run(
        state,
        started=expected + timedelta(seconds=late),
        seconds=seconds,
        expected_start_time=expected,
        total_run_time=seconds,
    )


def test_counts_runs_by_interval_and_state(api):
    ended(0)  # the first moment belongs to the first interval
    ended(59, state="FAILED")
    ended(60)  # the last moment of an interval belongs to the next
    ended(120)  # the end itself is outside

    first, second = history(api).json()

    assert {state["state_name"]: state["count_runs"] for state in first["states"]} == {"Completed": 1, "Failed": 1}
    assert [state["count_runs"] for state in second["states"]] == [1]
    assert first["interval_end"] == second["interval_start"] == format_time(NOON + timedelta(hours=1))


def test_adds_up_run_times_and_lateness(api):
    ended(1, seconds=10, late=2)
    ended(2, seconds=20, late=4)

    (state,) = history(api).json()[0]["states"]

    assert state["sum_estimated_run_time"] == pytest.approx(30)
    assert state["sum_estimated_lateness"] == pytest.approx(6, abs=0.01)


def test_counts_the_time_that_a_run_has_been_running(api):
    began = now() - timedelta(seconds=30)
    make_flow_run(State(StateType.RUNNING, timestamp=began), started=began)

    answer = history(api, start=now() - timedelta(hours=1)).json()

    (state,) = [state for bucket in answer for state in bucket["states"]]
    assert state["sum_estimated_run_time"] == pytest.approx(30, abs=5)


def test_shows_empty_intervals(api):
    answer = history(api, hours=3).json()

    assert [bucket["states"] for bucket in answer] == [[], [], []]


@pytest.mark.parametrize("interval", [0.5, 0, -1])
def test_refuses_intervals_that_are_too_short(api, interval):
    assert history(api, interval=interval).status_code == 422


def test_shows_no_more_than_five_hundred_intervals(api):
    ended(499)
    ended(500)

    intervals = history(api, hours=24, interval=60).json()

    assert len(intervals) == 500
    assert [state["count_runs"] for state in intervals[-1]["states"]] == [1]


def test_counts_all_of_the_last_interval(api):
    ended(121)  # after the end that was asked for, in a week that begins before it

    (week,) = history(api, hours=2, interval=7 * 86_400).json()

    assert week["interval_end"] == format_time(NOON + timedelta(days=7))
    assert [state["count_runs"] for state in week["states"]] == [1]


def test_shows_nothing_of_a_time_that_ends_before_it_begins(api):
    assert history(api, hours=-1).json() == []


def test_counts_with_two_queries(api, django_assert_num_queries):
    for minutes in range(20):
        ended(minutes)

    with django_assert_num_queries(2):  # what is known, and the rest
        history(api)


def test_has_a_history_of_task_runs_too(api):
    make_task_run("COMPLETED", started=NOON, expected_start_time=NOON)

    assert history(api, kind="task_runs").json()[0]["states"][0]["count_runs"] == 1


def test_averages_lateness(api):
    ended(1, late=2)
    ended(2, late=4)

    assert api.post("/flow_runs/lateness", {}).json() == pytest.approx(3, abs=0.01)


def test_has_no_average_of_nothing(api):
    assert api.post("/flow_runs/lateness", {}).json() is None


@pytest.mark.parametrize(
    ("end", "seconds"),
    [("9999-12-31T23:00:00Z", 31_536_000), ("9999-12-31T23:00:00Z", 1e300), ("9999-06-01T00:00:00Z", "nan")],
)
def test_refuses_intervals_beyond_the_calendar(api, end, seconds):
    period = {"history_start": "9999-01-01T00:00:00Z", "history_end": end, "history_interval_seconds": seconds}

    assert api.post("/flow_runs/history", period).status_code == 422
