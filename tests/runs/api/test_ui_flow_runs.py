from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.times import now, parse_time
from tests.factories import make_flow_run, make_task_run


def test_tells_how_long_each_run_took_and_how_late_it_was(api):
    start = now() - timedelta(hours=1)
    run = make_flow_run("COMPLETED", started=start, seconds=60, expected_start_time=start - timedelta(seconds=5))

    (bar,) = api.post("/ui/flow_runs/history", {}).json()

    assert (bar["id"], bar["state_type"]) == (str(run.pk), "COMPLETED")
    assert parse_time(bar["timestamp"]) == start
    assert (bar["duration"], bar["lateness"]) == (60.0, pytest.approx(5.0))


def test_draws_what_has_not_begun_at_its_expected_start(api):
    run = make_flow_run("SCHEDULED", expected_start_time=now() + timedelta(hours=1))

    (bar,) = api.post("/ui/flow_runs/history", {}).json()

    assert parse_time(bar["timestamp"]) == run.expected_start_time
    assert (bar["duration"], bar["lateness"]) == (0.0, 0.0)


def test_draws_the_latest_expected_first_and_leaves_out_runs_without_state(api):
    early = make_flow_run("COMPLETED", started=now() - timedelta(hours=2))
    late = make_flow_run("FAILED", started=now() - timedelta(hours=1))
    make_flow_run(None)

    def ids(**asked):
        return [bar["id"] for bar in api.post("/ui/flow_runs/history", asked).json()]

    assert ids() == [str(late.pk), str(early.pk)]
    assert ids(sort="EXPECTED_START_TIME_ASC", limit=1) == [str(early.pk)]
    assert ids(offset=1) == [str(early.pk)]
    assert ids(flow_runs={"state": {"type": {"any_": ["FAILED"]}}}) == [str(late.pk)]
    assert ids(limit=0) == []


@pytest.mark.parametrize("body", [{"limit": 1001}, {"limit": -1}, {"offset": -1}, {"sort": "NOTHING"}])
def test_refuses_histories_beyond_its_limits(api, body):
    assert api.post("/ui/flow_runs/history", body).status_code == 422


def test_draws_a_thousand_runs_with_one_query(api, django_assert_num_queries):
    for _ in range(3):
        make_flow_run()

    with django_assert_num_queries(1):
        assert len(api.post("/ui/flow_runs/history", {"limit": 1000}).json()) == 3


def test_counts_task_runs_without_those_that_stand_for_subflows(api, django_assert_num_queries):
    run, missing = make_flow_run(), str(uuid4())
    make_task_run(flow_run=run)
    make_flow_run(parent_task_run=make_task_run(flow_run=run))

    with django_assert_num_queries(1):
        counts = api.post("/ui/flow_runs/count-task-runs", {"flow_run_ids": [str(run.pk), missing]}).json()

    assert counts == {str(run.pk): 1, missing: 0}


@pytest.mark.parametrize("ids", [None, "x", ["x"], [str(uuid4())] * 1001])
def test_refuses_what_are_no_ids_or_too_many(api, ids):
    assert api.post("/ui/flow_runs/count-task-runs", {"flow_run_ids": ids}).status_code == 422
