from uuid import uuid4

import pytest

from runs.models import TaskRun
from tests.factories import make_flow_run, make_task_run

KEYS = {
    "id", "created", "updated", "name", "flow_run_id", "task_key", "dynamic_key", "cache_key", "cache_expiration",
    "task_version", "empirical_policy", "tags", "labels", "state_id", "task_inputs", "state_type", "state_name",
    "run_count", "flow_run_run_count", "expected_start_time", "next_scheduled_start_time", "start_time", "end_time",
    "total_run_time", "estimated_run_time", "estimated_start_time_delta", "state",
}  # fmt: skip


def plan(**columns):
    return {"task_key": "add-1", "dynamic_key": "0", **columns}


def test_creates_a_task_run_once_for_its_keys(api):
    run = make_flow_run()

    first = api.post("/task_runs/", plan(flow_run_id=run.pk, name="add-0", state={"type": "PENDING"}))
    again = api.post("/task_runs/", plan(flow_run_id=run.pk))

    assert (first.status_code, again.status_code) == (201, 200)
    assert set(first.json()) == KEYS
    assert again.json()["id"] == first.json()["id"]
    assert first.json()["state_type"] == "PENDING"


def test_takes_the_id_that_the_client_chose(api):
    chosen = str(uuid4())

    assert api.post("/task_runs", plan(id=chosen)).json()["id"] == chosen


def test_is_pending_until_another_state_is_given(api):
    task = api.post("/task_runs", plan()).json()

    assert (task["state_type"], task["state"]["name"], task["run_count"]) == ("PENDING", "Pending", 0)


def test_keeps_where_inputs_came_from(api):
    inputs = {"x": [{"input_type": "task_run", "id": str(uuid4())}], "y": [{"input_type": "constant", "type": "int"}]}

    assert api.post("/task_runs", plan(task_inputs=inputs)).json()["task_inputs"] == inputs


def test_refuses_a_task_run_of_a_run_that_does_not_exist(api):
    assert api.post("/task_runs", plan(flow_run_id=uuid4())).status_code == 409


def test_renames_and_deletes_a_task_run(api):
    task = make_task_run()

    assert api.patch(f"/task_runs/{task.pk}", {"name": "other"}).status_code == 204
    assert api.get(f"/task_runs/{task.pk}").json()["name"] == "other"
    assert api.delete(f"/task_runs/{task.pk}").status_code == 204
    assert not TaskRun.objects.exists()


def test_says_what_it_does_not_find(api):
    missing = f"/task_runs/{uuid4()}"

    read, renamed, deleted = api.get(missing), api.patch(missing, {"name": "x"}), api.delete(missing)

    for response in (read, deleted):
        assert (response.status_code, response.json()) == (404, {"detail": "Task not found"})
    assert (renamed.status_code, renamed.json()) == (404, {"detail": "Task run not found"})


def test_finds_the_task_runs_of_a_run(api):
    task = make_task_run(flow_run=make_flow_run(name="mine"))
    make_task_run()

    body = {"flow_runs": {"name": {"any_": ["mine"]}}, "sort": "EXPECTED_START_TIME_ASC"}

    assert [row["id"] for row in api.post("/task_runs/filter", body).json()] == [str(task.pk)]
    assert api.post("/task_runs/count", {"flow_runs": {"name": {"any_": ["mine"]}}}).json() == 1


def test_has_no_order_by_start(api):
    assert api.post("/task_runs/filter", {"sort": "START_TIME_DESC"}).status_code == 422


@pytest.mark.parametrize("rows", [1, 30])
def test_reads_lists_with_one_query_however_long(api, django_assert_num_queries, rows):
    run = make_flow_run()
    for _ in range(rows):
        make_task_run(flow_run=run)

    with django_assert_num_queries(1):
        assert len(api.post("/task_runs/filter", {}).json()) == rows


def test_is_created_once_for_each_key_without_a_flow_run_too(api):
    first = api.post("/task_runs", plan())
    again = api.post("/task_runs", plan())

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
