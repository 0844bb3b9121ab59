"""Many deployments at once, all or nothing, over the API."""

from __future__ import annotations

import pytest

from deployments.models import Deployment, DeploymentSchedule, DeploymentVersion, WorkQueue
from deployments.services import plans
from orchestrator.events.models import Event
from runs.models import Flow
from tests.factories import make_work_pool, make_worker

NIGHTLY = {"schedule": {"cron": "0 2 * * *", "timezone": "Europe/Paris"}, "slug": "nightly"}


@pytest.fixture
def pool(db):
    return make_work_pool("cluster")


def whole(name, flow_name="numbers", **columns):
    return {"flow_name": flow_name, "name": name, "work_pool_name": "cluster", "entrypoint": "a.py:f", **columns}


def apply(api, *deployments, **options):
    return api.post("/deployments/apply", {"deployments": list(deployments), **options})


def actions(response):
    return {step["name"]: step["action"] for step in response.json()["deployments"]}


def world():
    return (
        list(Flow.objects.order_by("pk").values()),
        list(Deployment.objects.order_by("pk").values()),
        list(DeploymentSchedule.objects.order_by("pk").values()),
        list(DeploymentVersion.objects.order_by("pk").values()),
        list(WorkQueue.objects.order_by("pk").values()),
        Event.objects.count(),
    )


def test_makes_flows_and_deployments(api, pool):
    response = apply(api, whole("a", schedules=[NIGHTLY]), whole("b", flow_name="letters", tags=["x"]))

    assert response.status_code == 200
    assert response.json()["applied"] is True
    assert actions(response) == {"a": "create", "b": "create"}
    made = api.get("/deployments/name/letters/b").json()
    assert (made["id"], made["tags"]) == (response.json()["deployments"][1]["id"], ["x"])


def test_leaves_what_is_so_already(api, pool):
    apply(api, whole("a", schedules=[NIGHTLY], concurrency_limit=2))
    before = world()

    response = apply(api, whole("a", schedules=[NIGHTLY], concurrency_limit=2))

    assert actions(response) == {"a": "unchanged"}
    assert world() == before


def test_tells_what_changes_field_by_field(api, pool):
    apply(api, whole("a", tags=["x"], schedules=[NIGHTLY]))

    response = apply(api, whole("a", tags=["y"], work_queue_name="urgent", paused=True), dry_run=True)

    (step,) = response.json()["deployments"]
    assert step["action"] == "update"
    assert step["changes"]["tags"] == {"from": ["x"], "to": ["y"]}
    assert step["changes"]["work_queue_name"] == {"from": "default", "to": "urgent"}
    assert step["changes"]["paused"] == {"from": False, "to": True}
    assert set(step["changes"]) == {"tags", "work_queue_name", "paused", "schedules"}


def test_changes_nothing_when_it_is_only_asked(api, pool):
    apply(api, whole("a"), project="p")
    before = world()

    response = apply(api, whole("b", work_queue_name="new"), project="p", whole_project=True, prune=True, dry_run=True)

    assert (response.status_code, response.json()["applied"]) == (200, False)
    assert actions(response) == {"b": "create", "a": "delete"}
    assert world() == before


def test_plans_what_applying_does(api, pool):
    apply(api, whole("a", tags=["x"]), whole("gone"), project="p")
    wanted = (whole("a", tags=["y"]), whole("b"))
    options = {"project": "p", "whole_project": True, "prune": True}

    planned = apply(api, *wanted, **options, dry_run=True).json()
    done = apply(api, *wanted, **options).json()

    assert [{**step, "id": None} for step in planned["deployments"]] == [
        {**step, "id": None} for step in done["deployments"]
    ]
    assert actions(apply(api, *wanted, **options)) == {"a": "unchanged", "b": "unchanged"}


def test_changes_nothing_when_the_last_one_fails(api, pool):
    apply(api, whole("a", tags=["x"]), project="p")
    before = world()

    response = apply(
        api,
        whole("a", tags=["y"], work_queue_name="new"),
        whole("b", flow_name="new flow"),
        whole("c", work_pool_name="nowhere"),
        project="p",
        whole_project=True,
        prune=True,
    )

    assert response.status_code == 409
    assert [step["problems"] for step in response.json()["deployments"]] == [
        [],
        [],
        [{"key": "work_pool_name", "message": 'Work pool "nowhere" not found.'}],
    ]
    assert world() == before


def test_names_every_problem(api, pool):
    template = {
        "variables": {"type": "object", "properties": {"cpu": {"type": "integer"}}},
        "job_configuration": {"cpu": "{{ cpu }}"},
    }
    make_work_pool("strict", base_job_template=template)

    response = apply(
        api,
        whole("a", work_pool_name="strict", job_variables={"cpu": "many"}),
        whole("b", schedules=[NIGHTLY, NIGHTLY]),
        whole("c"),
        whole("c"),
    )

    steps = response.json()["deployments"]
    assert [[problem["key"] for problem in step["problems"]] for step in steps] == [
        ["job_variables"],
        ["schedules"],
        [],
        ["name"],
    ]
    assert response.json()["problem_count"] == 3


def test_refuses_parameters_that_do_not_fit(api, pool):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}

    response = apply(
        api,
        whole("ok"),
        whole("a", parameters={"n": "x"}, parameter_openapi_schema=schema, enforce_parameter_schema=True),
        dry_run=True,
    )

    assert response.status_code == 422
    assert response.json()["exception_detail"][0]["loc"] == ["body", "deployments", 1]


def test_warns_of_a_pool_that_does_nothing(api, pool):
    make_worker(pool)
    make_work_pool("paused", is_paused=True)

    steps = apply(api, whole("a"), whole("b", work_pool_name="paused"), dry_run=True).json()["deployments"]

    assert steps[0]["warnings"] == []
    assert [warning.partition(":")[0] for warning in steps[1]["warnings"]] == [
        "Work pool 'paused' is paused",
        "No worker of work pool 'paused' is online",
    ]


def test_tells_what_the_project_had(api, pool):
    apply(api, whole("a"), whole("b"), project="p")
    apply(api, whole("other"), project="q")

    response = apply(api, whole("a"), project="p", whole_project=True)

    assert actions(response) == {"a": "unchanged", "b": "leave"}
    assert Deployment.objects.count() == 3


def test_deletes_what_the_project_had_only_when_told(api, pool):
    apply(api, whole("a"), whole("b"), project="p")
    apply(api, whole("other"), project="q")

    apply(api, whole("a"), project="p", whole_project=True, prune=True)

    assert set(Deployment.objects.values_list("name", flat=True)) == {"a", "other"}


def test_refuses_more_than_it_can_do(api, pool):
    assert apply(api, *[whole(str(number)) for number in range(501)]).status_code == 422


def test_changes_nothing_when_it_would_keep_others_from_writing_for_long(api, pool, monkeypatch):
    monkeypatch.setattr(plans, "MOST_SECONDS", 0.0)
    before = world()

    response = apply(api, whole("a"), whole("b"))

    assert response.status_code == 413
    assert "in smaller parts" in response.json()["detail"]
    assert world() == before


def test_refuses_a_deployment_with_thousands_of_schedules(api, pool):
    response = apply(api, whole("a", schedules=[{"schedule": {"interval": 3600}}] * 501))

    assert response.status_code == 422
    assert "at most 500 schedules" in response.content.decode()
