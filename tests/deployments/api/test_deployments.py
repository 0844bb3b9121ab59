from uuid import uuid4

import pytest

from deployments.models import Deployment
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from runs.models import FlowRun
from tests.factories import make_deployment, make_flow, make_flow_run, make_work_pool

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture
def flow(db):
    return make_flow("numbers")


@pytest.fixture
def pool(db):
    return make_work_pool("cluster")


def test_creates_a_deployment(api, flow, pool):
    body = {
        "name": "nightly",
        "flow_id": flow.pk,
        "work_pool_name": "cluster",
        "entrypoint": "a.py:main",
        "path": "/srv",
        "parameters": {"n": 1},
        "tags": ["a"],
        "schedules": [],
        "concurrency_limit": None,
        "version_info": {"type": "git", "version": "1"},
    }

    response = api.post("/deployments/", body)

    made = response.json()
    assert response.status_code == 201
    assert (made["work_pool_name"], made["work_queue_name"], made["entrypoint"]) == ("cluster", "default", "a.py:main")
    assert (made["schedules"], made["global_concurrency_limit"], made["status"]) == ([], None, "NOT_READY")
    assert made["enforce_parameter_schema"] is True
    assert api.get(f"/deployments/{made['id']}").json() == made
    assert api.get("/deployments/name/numbers/nightly").json() == made


def test_changes_only_what_is_sent_when_it_is_applied_again(api, flow, pool):
    checks = {"parameter_openapi_schema": SCHEMA, "enforce_parameter_schema": False}
    body = {"name": "nightly", "flow_id": flow.pk, "tags": ["a"], "work_pool_name": "cluster"}
    first = api.post("/deployments", body | checks).json()

    response = api.post("/deployments", {"name": "nightly", "flow_id": flow.pk, "tags": ["b"]})

    again = response.json()
    assert (response.status_code, again["id"], again["tags"]) == (200, first["id"], ["b"])
    assert (again["parameter_openapi_schema"], again["enforce_parameter_schema"]) == (SCHEMA, False)
    assert again["work_pool_name"] == "cluster"


def test_makes_a_queue_that_is_missing(api, flow, pool):
    made = api.post(
        "/deployments", {"name": "a", "flow_id": flow.pk, "work_pool_name": "cluster", "work_queue_name": "urgent"}
    ).json()

    assert made["work_queue_name"] == "urgent"


def test_wants_a_flow_and_a_pool_that_exist(api, flow):
    assert api.post("/deployments", {"name": "a", "flow_id": uuid4()}).status_code == 409
    response = api.post("/deployments", {"name": "a", "flow_id": flow.pk, "work_pool_name": "nowhere"})
    assert response.status_code == 404
    assert "nowhere" in response.json()["detail"]


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"global_concurrency_limit_id": str(uuid4())}, 404),
        ({"storage_document_id": str(uuid4())}, 409),
        ({"infrastructure_document_id": str(uuid4())}, 409),
        ({"concurrency_limit": 1, "global_concurrency_limit_id": str(uuid4())}, 422),
        ({"concurrency_limit": 0}, 422),
        ({"branch": "main"}, 422),
    ],
)
def test_refuses_what_it_could_not_honour(api, flow, what, status):
    response = api.post("/deployments", {"name": "a", "flow_id": flow.pk, **what})

    assert response.status_code == status
    assert not Deployment.objects.exists()


def test_changes_pauses_and_deletes_a_deployment(api, flow):
    path = f"/deployments/{make_deployment(flow).pk}"

    assert api.patch(path, {"description": "d", "paused": False}).status_code == 204
    assert api.post(f"{path}/pause_deployment").json() is None
    assert (api.get(path).json()["paused"], api.get(path).json()["description"]) == (True, "d")
    assert api.post(f"{path}/resume_deployment").status_code == 200
    assert api.get(path).json()["paused"] is False
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_deletes_waiting_runs_and_keeps_past_ones(api, flow):
    deployment = make_deployment(flow)
    past = make_flow_run("COMPLETED", flow=flow, deployment=deployment)
    make_flow_run("SCHEDULED", flow=flow, deployment=deployment)

    api.delete(f"/deployments/{deployment.pk}")

    assert list(FlowRun.objects.all()) == [past]
    assert api.get(f"/flow_runs/{past.pk}").json()["deployment_id"] == str(deployment.pk)


def test_says_what_it_does_not_find(api):
    missing = f"/deployments/{uuid4()}"

    for response in (
        api.get(missing),
        api.patch(missing, {}),
        api.delete(missing),
        api.get("/deployments/name/a/b"),
        api.post(f"{missing}/create_flow_run"),
        api.post(f"{missing}/pause_deployment"),
    ):
        assert (response.status_code, response.json()) == (404, {"detail": "Deployment not found"})


def test_plans_a_run(api, flow, pool):
    deployment = make_deployment(flow, pool=pool, parameters={"n": 1, "m": 2}, tags=["a"], version="v1")

    response = api.post(f"/deployments/{deployment.pk}/create_flow_run", {"parameters": {"n": 5}, "tags": ["b"]})

    run = response.json()
    assert response.status_code == 201
    assert (run["parameters"], run["tags"], run["deployment_version"]) == ({"n": 5, "m": 2}, ["a", "b"], "v1")
    assert (run["state_type"], run["work_pool_name"], run["work_queue_name"]) == ("SCHEDULED", "cluster", "default")
    assert run["labels"]["prefect.deployment.id"] == str(deployment.pk)


def test_plans_one_run_per_idempotency_key(api, flow):
    path = f"/deployments/{make_deployment(flow).pk}/create_flow_run"

    first, again = (api.post(path, {"idempotency_key": "k"}) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


def test_refuses_parameters_that_do_not_fit_the_schema(api, flow):
    deployment = make_deployment(flow, parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True)

    response = api.post(f"/deployments/{deployment.pk}/create_flow_run", {"parameters": {"n": "bad"}})

    assert response.status_code == 409
    assert "'n'" in response.json()["detail"]


def test_takes_any_parameters_when_asked_not_to_check(api, flow):
    deployment = make_deployment(flow, parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True)
    body = {"parameters": {"n": "bad"}, "enforce_parameter_schema": False}

    assert api.post(f"/deployments/{deployment.pk}/create_flow_run", body).status_code == 201


def test_lists_deployments(api, flow, pool, django_assert_num_queries):
    for name in ("b", "a", "c"):
        make_deployment(flow, pool=pool, name=name)

    with django_assert_num_queries(2):  # one for their schedules
        found = api.post("/deployments/filter", {"flows": {"name": {"any_": ["numbers"]}}, "limit": 2}).json()

    assert [one["name"] for one in found] == ["a", "b"]
    assert api.post("/deployments/count", {"work_pools": {"name": {"any_": ["cluster"]}}}).json() == 3
    assert api.post("/deployments/paginate", {"limit": 2}).json()["pages"] == 2


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"name": {"like_": "NIGHT"}}, 1),
        ({"flow_or_deployment_name": {"like_": "numb"}}, 2),
        ({"paused": {"eq_": True}}, 1),
        ({"tags": {"any_": ["a", "z"]}}, 1),
        ({"work_queue_name": {"any_": ["default"]}}, 0),
        ({"concurrency_limit": {"is_null_": True}}, 2),  # none has a limit
        ({"concurrency_limit": {"ge_": 1}}, 0),
    ],
)
def test_filters_deployments(api, flow, filters, count):
    make_deployment(flow, name="nightly", paused=True, tags=["a"])
    make_deployment(flow, name="hourly")

    assert api.post("/deployments/count", {"deployments": filters}).json() == count


def test_hands_out_waiting_runs_to_a_runner(api, flow):
    deployment = make_deployment(flow)
    run = make_flow_run("SCHEDULED", flow=flow, deployment=deployment, next_scheduled_start_time=now())
    make_flow_run("SCHEDULED", next_scheduled_start_time=now())
    before = str(now()).replace("T", " ")  # the client writes a space

    answer = api.post(
        "/deployments/get_scheduled_flow_runs", {"deployment_ids": [deployment.pk], "scheduled_before": before}
    ).json()

    assert [one["id"] for one in answer] == [str(run.pk)]
    assert "work_pool_id" in answer[0]
    assert api.get(f"/deployments/{deployment.pk}").json()["status"] == "READY"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"__prefect_kind": "json", "value": "[1, 2]"}, [1, 2]),
        ({"__prefect_kind": "none", "value": 3}, 3),
        ([{"__prefect_kind": "json", "value": '"deep"'}], ["deep"]),
        ({"plain": {"x": 1}}, {"plain": {"x": 1}}),
    ],
)
def test_reads_parameters_that_stand_for_something_else(api, flow, given, stored):
    path = f"/deployments/{make_deployment(flow).pk}/create_flow_run"

    assert api.post(path, {"parameters": {"n": given}}).json()["parameters"] == {"n": stored}


@pytest.mark.parametrize(
    "given",
    [{"__prefect_kind": "json", "value": "{bad"}, {"__prefect_kind": "workspace_variable", "variable_name": "x"}],
)
def test_refuses_parameters_that_it_cannot_read(api, flow, given):
    response = api.post(f"/deployments/{make_deployment(flow).pk}/create_flow_run", {"parameters": {"n": given}})

    assert response.status_code == 400
    assert "hydrating" in response.json()["detail"]


def test_refuses_parameters_of_a_run_that_are_too_large(api):
    deployment = make_deployment()

    response = api.post(f"/deployments/{deployment.pk}/create_flow_run", {"parameters": {"x": "a" * 600_000}})

    assert response.status_code == 422


def test_refuses_a_queue_for_a_run_without_a_pool(api):
    deployment = make_deployment()

    response = api.post(f"/deployments/{deployment.pk}/create_flow_run", {"work_queue_name": "fast"})

    assert response.status_code == 400


def test_keeps_the_labels_of_the_system_when_a_deployment_is_applied_again(api):
    flow = make_flow()
    body = {"name": "nightly", "flow_id": str(flow.pk), "labels": {"team": "data"}}

    api.post("/deployments/", body)
    again = api.post("/deployments/", body)

    assert again.json()["labels"] == {"prefect.flow.id": str(flow.pk), "team": "data"}


@pytest.mark.parametrize(("run_count", "stays"), [(0, False), (1, True)])
def test_deletes_with_a_deployment_only_what_has_not_begun(api, run_count, stays):
    deployment = make_deployment()
    run = make_flow_run("SCHEDULED", flow=deployment.flow, deployment=deployment, run_count=run_count)

    api.delete(f"/deployments/{deployment.pk}")

    assert FlowRun.objects.filter(pk=run.pk).exists() is stays


def test_deletes_many_by_a_filter(api, flow):
    gone = [str(make_deployment(flow, name=name).pk) for name in ("a1", "a2")]
    make_deployment(flow, name="b")

    deleted = api.post("/deployments/bulk_delete", {"deployments": {"name": {"like_": "a"}}}).json()["deleted"]

    assert sorted(deleted) == sorted(gone)
    assert [one.name for one in Deployment.objects.all()] == ["b"]
    assert api.post("/deployments/bulk_delete", {"limit": 51}).status_code == 422


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"parameters": {"n": "x"}}, "Validation failed for field 'n'"),
        ({"parameter_openapi_schema": {"type": "nonsense"}}, "not a valid json schema"),
    ],
)
def test_checks_parameters_at_once_for_whoever_asks_for_it(api, flow, body, words):
    body = {"name": "a", "flow_id": flow.pk, "parameter_openapi_schema": SCHEMA, **body}

    response = api.post("/deployments/", body | {"enforce_parameter_schema": True})

    assert response.status_code == 422
    assert words in response.json()["exception_detail"][0]["msg"]
    assert api.post("/deployments/", body).status_code == 201


TEMPLATE = {
    "job_configuration": {"x": "{{ x }}"},
    "variables": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
}


def test_checks_job_variables_against_the_pool(api, flow):
    make_work_pool("strict", base_job_template=TEMPLATE)
    body = {"name": "a", "flow_id": flow.pk, "work_pool_name": "strict"}

    refused = api.post("/deployments/", body | {"job_variables": {"x": "no"}})
    accepted = api.post("/deployments/", body | {"job_variables": {"own": 1}})
    path = f"/deployments/{accepted.json()['id']}"

    assert (refused.status_code, accepted.status_code) == (422, 201)
    assert refused.json()["detail"].startswith("Error creating deployment: Validation failed for field 'x'")
    assert api.patch(path, {"work_pool_name": "strict", "job_variables": {"x": "no"}}).status_code == 409
    assert api.patch(path, {"work_pool_name": "nowhere"}).status_code == 404
    assert api.patch(path, {"work_pool_name": "strict", "job_variables": {"x": 1}}).status_code == 204


def test_leaves_its_pool_when_it_is_told_so(api, flow, pool):
    made = api.post("/deployments/", {"name": "a", "flow_id": flow.pk, "work_pool_name": "cluster"}).json()

    api.patch(f"/deployments/{made['id']}", {"work_pool_name": None})

    assert api.get(f"/deployments/{made['id']}").json()["work_pool_name"] is None


def test_has_a_limit_of_its_own(api, flow):
    made = api.post("/deployments/", {"name": "a", "flow_id": flow.pk, "concurrency_limit": 2}).json()
    path = f"/deployments/{made['id']}"

    assert made["global_concurrency_limit"]["name"] == f"deployment:{made['id']}"
    assert made["global_concurrency_limit"]["limit"] == 2
    api.patch(path, {"concurrency_options": {"collision_strategy": "CANCEL_NEW"}})
    assert api.get(path).json()["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert api.post("/deployments/count", {"deployments": {"concurrency_limit": {"ge_": 2}}}).json() == 1
    api.patch(path, {"concurrency_limit": None})
    assert api.get(path).json()["global_concurrency_limit"] is None


def test_tells_what_changed_and_nothing_when_nothing_did(api, flow, pool):
    path = f"/deployments/{make_deployment(flow, pool=pool).pk}"

    api.patch(path, {"tags": ["a"], "job_variables": {"x": 1}})
    api.patch(path, {"tags": ["a"]})

    (event,) = Event.objects.filter(event="prefect.deployment.updated")
    assert event.payload["updates"] == {
        "tags": {"from": [], "to": ["a"]},
        "infra_overrides": {"from": {}, "to": {"x": 1}},
    }
    assert [resource["prefect.resource.role"] for resource in event.related] == ["flow", "work-queue", "work-pool"]


def test_knows_the_queues_that_let_it_pass(api, flow, pool):
    deployment = make_deployment(flow, pool=pool, tags=["a"])
    for name, wanted in (("a", {"tags": ["a"]}), ("b", {"tags": ["b"]}), ("c", {"deployment_ids": [str(uuid4())]})):
        api.post("/work_pools/cluster/queues", {"name": name, "filter": wanted})

    found = api.get(f"/deployments/{deployment.pk}/work_queue_check").json()

    assert {queue["name"] for queue in found} == {"default", "a"}


def test_forgets_keys_of_old_clients(api, flow):
    assert api.post("/deployments/", {"name": "a", "flow_id": flow.pk, "worker_pool_name": "x"}).status_code == 201


@pytest.mark.parametrize("name", ["a/b", "a%b", " ", "<a>"])
def test_refuses_names_that_are_no_part_of_an_address(api, flow, name):
    assert api.post("/deployments/", {"name": name, "flow_id": flow.pk}).status_code == 422
