from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.times import format_time, now
from orchestrator.rest.json import dump
from runs.models import FlowRun
from tests.factories import make_deployment, make_flow, make_flow_run, make_task_run, make_work_pool

KEYS = {
    "id", "created", "updated", "name", "flow_id", "state_id", "deployment_id", "deployment_version", "work_queue_id",
    "work_queue_name", "work_pool_id", "work_pool_name", "flow_version", "parameters", "idempotency_key", "context",
    "empirical_policy", "tags", "labels", "parent_task_run_id", "state_type", "state_name", "run_count",
    "expected_start_time", "next_scheduled_start_time", "start_time", "end_time", "total_run_time",
    "estimated_run_time", "estimated_start_time_delta", "auto_scheduled", "infrastructure_document_id",
    "infrastructure_pid", "created_by", "state", "job_variables",
}  # fmt: skip


@pytest.fixture
def flow(db):
    return make_flow("numbers")


def test_creates_a_run_that_is_pending(api, flow):
    response = api.post("/flow_runs/", {"flow_id": flow.pk, "parameters": {"n": 3}, "empirical_policy": {"retries": 2}})

    run = response.json()
    assert response.status_code == 201
    assert set(run) == KEYS
    assert (run["state_type"], run["state"]["name"], run["parameters"]) == ("PENDING", "Pending", {"n": 3})
    assert run["name"].count("-") == 1
    assert (run["empirical_policy"]["retries"], run["empirical_policy"]["pause_keys"]) == (2, [])
    assert run["labels"]["prefect.flow.id"] == str(flow.pk)


def test_creates_a_run_in_a_given_state(api, flow):
    when = format_time(now() + timedelta(hours=1))

    run = api.post(
        "/flow_runs", {"flow_id": flow.pk, "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": when}}}
    ).json()

    assert (run["state_type"], run["next_scheduled_start_time"], run["expected_start_time"]) == (
        "SCHEDULED",
        when,
        when,
    )


def test_creates_one_run_per_idempotency_key(api, flow):
    first = api.post("/flow_runs", {"flow_id": flow.pk, "idempotency_key": "k"})
    again = api.post("/flow_runs", {"flow_id": flow.pk, "idempotency_key": "k"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


def test_refuses_a_run_of_a_flow_that_does_not_exist(api):
    assert api.post("/flow_runs", {"flow_id": uuid4()}).status_code == 409


def test_refuses_parameters_that_are_too_large(api, flow):
    assert api.post("/flow_runs", {"flow_id": flow.pk, "parameters": {"x": "y" * 600_000}}).status_code == 422


def test_names_the_pool_of_a_run(api):
    pool = make_work_pool("cluster")
    run = make_flow_run(work_queue=pool.default_queue, work_queue_name="default")

    one = api.get(f"/flow_runs/{run.pk}").json()
    many = api.post("/flow_runs/filter", {}).json()

    assert (one["work_pool_name"], one["work_pool_id"]) == ("cluster", str(pool.pk))
    assert many[0]["work_pool_name"] == "cluster"


def test_changes_only_what_is_sent(api, flow):
    run = make_flow_run(name="before", tags=["a"], parameters={"x": 1})

    response = api.patch(f"/flow_runs/{run.pk}", {"name": "after", "infrastructure_pid": "host/1"})

    answer = api.get(f"/flow_runs/{run.pk}").json()
    assert response.status_code == 204
    assert (answer["name"], answer["tags"], answer["parameters"]) == ("after", ["a"], {"x": 1})
    assert answer["infrastructure_pid"] == "host/1"


def test_keeps_what_the_server_remembers_of_a_policy_when_it_is_changed(api):
    run = make_flow_run(empirical_policy={"retry_type": "in_process", "retries": 1})

    api.patch(f"/flow_runs/{run.pk}", {"empirical_policy": {"retries": 5, "retry_delay": 2}})

    policy = api.get(f"/flow_runs/{run.pk}").json()["empirical_policy"]
    assert (policy["retries"], policy["retry_delay"], policy["retry_type"]) == (5, 2, "in_process")


def test_replaces_what_clients_choose_of_a_policy(api):
    run = make_flow_run(empirical_policy={"retries": 1, "retry_delay": 3})

    api.patch(f"/flow_runs/{run.pk}", {"empirical_policy": {"retries": 2}})

    policy = api.get(f"/flow_runs/{run.pk}").json()["empirical_policy"]
    assert (policy["retries"], policy["retry_delay"]) == (2, None)


@pytest.mark.parametrize(("policy", "retries"), [(None, 1), ({}, None)])
def test_leaves_the_policy_when_null_is_sent(api, policy, retries):
    run = make_flow_run(empirical_policy={"retries": 1})

    api.patch(f"/flow_runs/{run.pk}", {"empirical_policy": policy})

    assert api.get(f"/flow_runs/{run.pk}").json()["empirical_policy"]["retries"] == retries


@pytest.mark.parametrize(
    ("sent", "retries", "delay"),
    [
        ({"max_retries": 2, "retry_delay_seconds": 4.0}, 2, "4"),
        ({"max_retries": 2, "retries": 0}, 2, "null"),
        ({"max_retries": 2, "retries": 3}, 3, "null"),
        ({"retry_delay_seconds": 4, "retry_delay": 5}, None, "5"),
        ({"max_retries": 0, "retry_delay_seconds": 0}, None, "null"),
        ({"retry_delay": 0.5}, None, "0.5"),
        ({"retry_delay": 5}, None, "5"),
    ],
)
def test_understands_the_old_names_of_retries_and_answers_whole_seconds_as_integers(api, flow, sent, retries, delay):
    run = api.post("/flow_runs/", {"flow_id": flow.pk, "empirical_policy": sent})
    task_run = api.post("/task_runs/", {"task_key": "t", "dynamic_key": "0", "empirical_policy": sent})

    for response in (run, task_run):
        policy = response.json()["empirical_policy"]
        assert (policy["retries"], dump(policy["retry_delay"]).decode()) == (retries, delay)


@pytest.mark.parametrize("name", [None, ""])
def test_makes_up_a_name_when_it_is_taken_away(api, name):
    run = make_flow_run(name="before")

    api.patch(f"/flow_runs/{run.pk}", {"name": name})

    assert api.get(f"/flow_runs/{run.pk}").json()["name"] not in ("before", "", None)


def test_takes_job_variables_away_at_any_time(api):
    run = make_flow_run("RUNNING", job_variables={"a": 1})

    response = api.patch(f"/flow_runs/{run.pk}", {"job_variables": None})

    assert response.status_code == 204
    assert api.get(f"/flow_runs/{run.pk}").json()["job_variables"] is None


@pytest.mark.parametrize(
    ("sent", "answered"),
    [({}, {}), ({"job_variables": None}, {}), ({"idempotency_key": ""}, {}), ({"idempotency_key": "k"}, None)],
)
def test_has_no_job_variables_only_with_an_idempotency_key(api, flow, sent, answered):
    assert api.post("/flow_runs/", {"flow_id": flow.pk, **sent}).json()["job_variables"] == answered


def test_remembers_the_automation_that_created_it(api, flow):
    automation = str(uuid4())
    headers = {"Prefect-Automation-ID": automation, "Prefect-Automation-Name": "bmlnaHRseQ=="}

    run = api.post("/flow_runs/", {"flow_id": flow.pk}, **headers).json()

    assert run["created_by"] == {"id": automation, "type": "AUTOMATION", "display_value": "nightly"}


def test_refuses_job_variables_for_a_run_that_is_under_way(api):
    run = make_flow_run("RUNNING")

    response = api.patch(f"/flow_runs/{run.pk}", {"job_variables": {"env": {}}})

    assert response.status_code == 400
    assert isinstance(response.json()["detail"], str)


def test_adds_labels(api):
    run = make_flow_run(labels={"a": "1"})

    assert api.patch(f"/flow_runs/{run.pk}/labels", {"b": 2}).status_code == 204

    assert api.get(f"/flow_runs/{run.pk}").json()["labels"] == {"a": "1", "b": 2}


def test_deletes_a_run_with_its_task_runs(api):
    run = make_task_run().flow_run

    assert api.delete(f"/flow_runs/{run.pk}").status_code == 204

    assert api.get(f"/flow_runs/{run.pk}").status_code == 404


def test_says_what_it_does_not_find(api):
    missing = f"/flow_runs/{uuid4()}"

    for response in (
        api.get(missing),
        api.patch(missing, {"name": "x"}),
        api.delete(missing),
        api.get(f"{missing}/logs/download"),
    ):
        assert (response.status_code, response.json()) == (404, {"detail": "Flow run not found"})
    for response in (
        api.patch(f"{missing}/labels", {}),
        api.get(f"{missing}/graph"),
        api.get(f"{missing}/graph-v2"),
    ):
        assert response.status_code == 404
        assert "not found" in response.json()["exception_message"]


def test_sorts_and_cuts(api):
    for name in ("c", "a", "b"):
        make_flow_run(name=name)

    answer = api.post("/flow_runs/filter", {"sort": "NAME_DESC", "limit": 2, "offset": 1}).json()

    assert [run["name"] for run in answer] == ["b", "a"]


@pytest.mark.parametrize(
    "sort",
    ["ID_DESC", "START_TIME_ASC", "START_TIME_DESC", "EXPECTED_START_TIME_ASC", "EXPECTED_START_TIME_DESC", "NAME_ASC",
     "NAME_DESC", "NEXT_SCHEDULED_START_TIME_ASC", "END_TIME_DESC"],
)  # fmt: skip
def test_knows_every_order_of_the_contract(api, sort):
    make_flow_run()

    assert api.post("/flow_runs/filter", {"sort": sort}).status_code == 200


@pytest.mark.parametrize(
    "body", [{"limit": 201}, {"limit": -1}, {"offset": -1}, {"sort": "NOPE"}, {"flow_runs": {"nonsense": {}}}]
)
def test_refuses_lists_that_cannot_be(api, body):
    assert api.post("/flow_runs/filter", body).status_code == 422


def test_searches_across_everything_around_a_run(api):
    pool = make_work_pool("cluster")
    deployment = make_deployment(make_flow("numbers"), pool=pool, name="nightly")
    run = make_flow_run(flow=deployment.flow, deployment=deployment, work_queue=pool.default_queue)
    make_task_run(flow_run=run, task="add")
    make_flow_run()

    for filters in (
        {"flows": {"name": {"any_": ["numbers"]}}},
        {"deployments": {"name": {"any_": ["nightly"]}}},
        {"work_pools": {"name": {"any_": ["cluster"]}}},
        {"work_pool_queues": {"id": {"any_": [str(pool.default_queue_id)]}}},
        {"task_runs": {"name": {"like_": "add"}}},
        {"flows": None, "deployments": {"flow_or_deployment_name": {"like_": "NUMB"}}},
    ):
        assert [found["id"] for found in api.post("/flow_runs/filter", filters).json()] == [str(run.pk)], filters
        assert api.post("/flow_runs/count", filters).json() == 1


def test_answers_numbered_pages(api):
    for number in range(5):
        make_flow_run(name=f"run {number}")

    page = api.post("/flow_runs/paginate", {"limit": 2, "page": 2, "sort": "NAME_ASC"}).json()

    assert [run["name"] for run in page.pop("results")] == ["run 2", "run 3"]
    assert page == {"count": 5, "limit": 2, "pages": 3, "page": 2}


@pytest.mark.parametrize("rows", [1, 30])
def test_reads_lists_with_one_query_however_long(api, django_assert_num_queries, rows):
    pool = make_work_pool()
    for _ in range(rows):
        make_flow_run(work_queue=pool.default_queue)

    with django_assert_num_queries(1):
        assert len(api.post("/flow_runs/filter", {}).json()) == rows
    with django_assert_num_queries(1):
        api.post("/flow_runs/count", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}})
    with django_assert_num_queries(2):  # of all: the hours that are known, and what is not in them
        api.post("/flow_runs/count", {})


def test_asks_the_database_nothing_for_an_empty_page(api, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert api.post("/flow_runs/filter", {"limit": 0}).json() == []


def test_reads_a_run_with_one_query(api, django_assert_num_queries):
    run = make_flow_run()

    with django_assert_num_queries(1):
        api.get(f"/flow_runs/{run.pk}")


def test_creates_a_run_with_few_queries(api, flow, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        api.post("/flow_runs", {"flow_id": flow.pk})


def test_deletes_many_runs_at_once(api):
    kept = make_flow_run("RUNNING")
    make_flow_run("FAILED")
    make_flow_run("FAILED")

    answer = api.post("/flow_runs/bulk_delete", {"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}}).json()

    assert len(answer["deleted"]) == 2
    assert list(FlowRun.objects.all()) == [kept]


def test_sets_the_state_of_many_runs_at_once(api):
    runs = [make_flow_run("RUNNING") for _ in range(2)]

    results = api.post("/flow_runs/bulk_set_state", {"state": {"type": "CANCELLED"}, "force": True}).json()["results"]

    assert {result["flow_run_id"] for result in results} == {str(run.pk) for run in runs}
    assert all(result["state"]["state_details"]["flow_run_id"] == result["flow_run_id"] for result in results)
    assert [result["status"] for result in results] == ["ACCEPT", "ACCEPT"]


def test_changes_no_more_than_fifty_runs_at_once(api):
    assert api.post("/flow_runs/bulk_delete", {"limit": 51}).status_code == 422


@pytest.mark.parametrize("name", ["retry_delay", "retry_delay_seconds"])
@pytest.mark.parametrize("delay", [1e15, -1, "inf", "nan"])
def test_refuses_a_retry_delay_that_is_no_time(api, name, delay):
    body = {"flow_id": str(make_flow().pk), "empirical_policy": {"retries": 1, name: delay}}

    assert api.post("/flow_runs/", body).status_code == 422


@pytest.mark.parametrize(
    "policy",
    [{"max_retries": 10**19}, {"retries": -(10**19)}, {"retry_delay_seconds": 1e15}, {"retry_delay_seconds": -1}],
)
def test_refuses_a_policy_that_no_run_could_follow(api, policy):
    body = {"flow_id": str(make_flow().pk), "empirical_policy": policy}

    assert api.post("/flow_runs/", body).status_code == 422


@pytest.mark.parametrize(
    ("what", "name"), [("deployment_id", "Deployment"), ("infrastructure_document_id", "Block document")]
)
def test_refuses_what_does_not_exist(api, what, name):
    response = api.post("/flow_runs/", {"flow_id": str(make_flow().pk), what: str(uuid4())})

    assert response.status_code == 409
    assert name in response.json()["detail"]


def test_puts_a_run_without_a_deployment_into_a_work_pool(api):
    pool = make_work_pool()

    run = api.post("/flow_runs/", {"flow_id": str(make_flow().pk), "work_pool_name": pool.name}).json()

    assert run["work_pool_name"] == pool.name
    assert run["work_queue_id"] == str(pool.default_queue_id)


@pytest.mark.parametrize("queue", [None, "fast"])
def test_does_not_find_the_place_for_a_run(api, queue):
    pool = make_work_pool() if queue else None
    name = pool.name if pool else "nowhere"

    response = api.post(
        "/flow_runs/", {"flow_id": str(make_flow().pk), "work_pool_name": name, "work_queue_name": queue}
    )

    assert response.status_code == 404
    assert name in response.json()["detail"]
