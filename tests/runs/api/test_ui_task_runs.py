from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.states import StateType
from orchestrator.contract.times import format_time, now
from tests.factories import make_flow_run, make_task_run


def dashboard(api, *, hours=20, **filters):
    """Twenty parts of an hour each, the last one until now."""
    after = (now() - timedelta(hours=hours)).replace(second=0, microsecond=0)
    return api.post(
        "/ui/task_runs/dashboard/counts", filters | {"task_runs": {"start_time": {"after_": format_time(after)}}}
    )


def test_counts_every_type_of_state(api, django_assert_num_queries):
    run = make_flow_run()
    for state in ("COMPLETED", "COMPLETED", "FAILED"):
        make_task_run(state, flow_run=run)
    make_task_run("RUNNING")
    make_task_run(None)

    with django_assert_num_queries(1):
        counts = api.post("/ui/task_runs/count", {"flow_runs": {"id": {"any_": [str(run.pk)]}}}).json()

    assert counts == dict.fromkeys(StateType, 0) | {"COMPLETED": 2, "FAILED": 1}
    assert api.post("/ui/task_runs/count", {}).json()["RUNNING"] == 1


def test_divides_the_time_until_now_into_twenty_parts(api, django_assert_num_queries):
    make_task_run("COMPLETED", started=now() - timedelta(hours=19.5))
    make_task_run("CANCELLED", started=now() - timedelta(minutes=5))
    make_task_run("FAILED", started=now() - timedelta(minutes=5))
    make_task_run("CRASHED", started=now() - timedelta(minutes=6))
    make_task_run("RUNNING", started=now() - timedelta(minutes=5))
    make_task_run("COMPLETED", started=now() - timedelta(hours=30))

    with django_assert_num_queries(1):
        parts = dashboard(api).json()

    assert len(parts) == 20
    assert parts[0] == {"completed": 1, "failed": 0}
    assert parts[19] == {"completed": 1, "failed": 2}
    assert sum(part["completed"] + part["failed"] for part in parts) == 4


def test_narrows_the_dashboard_by_flow_runs(api):
    task = make_task_run("FAILED")
    make_task_run("FAILED")

    parts = dashboard(api, flow_runs={"id": {"any_": [str(task.flow_run_id)]}}).json()

    assert sum(part["failed"] for part in parts) == 1


@pytest.mark.parametrize("asked", [{}, {"start_time": {"before_": "2026-01-01T00:00:00Z"}}, {"start_time": {}}])
def test_must_know_when_a_dashboard_begins(api, asked):
    response = api.post("/ui/task_runs/dashboard/counts", {"task_runs": asked})

    assert (response.status_code, response.json()) == (422, {"detail": "task_runs.start_time.after_ is required"})


def test_answers_a_dashboard_of_no_time_at_all(api):
    period = {"after_": "2026-01-02T00:00:00Z", "before_": "2026-01-01T00:00:00Z"}

    parts = api.post("/ui/task_runs/dashboard/counts", {"task_runs": {"start_time": period}}).json()

    assert parts == [{"completed": 0, "failed": 0}] * 20


def test_names_the_flow_run_of_a_task_run(api):
    task = make_task_run("RUNNING")
    alone = make_task_run("RUNNING")
    type(alone).objects.filter(pk=alone.pk).update(flow_run=None)

    answer = api.get(f"/ui/task_runs/{task.pk}").json()

    assert (answer["id"], answer["flow_run_name"]) == (str(task.pk), task.flow_run.name)
    assert api.get(f"/ui/task_runs/{alone.pk}").json()["flow_run_name"] is None
    assert api.get(f"/ui/task_runs/{uuid4()}").json() == {"detail": "Task not found"}
