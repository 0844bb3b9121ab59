from base64 import b64encode
from uuid import uuid4

import pytest

from runs.models import FlowRun
from tests.factories import make_deployment, make_flow, make_work_pool

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
TEMPLATE = {
    "job_configuration": {"command": "{{ command }}", "env": "{{ env }}"},
    "variables": {
        "type": "object",
        "properties": {
            "command": {"type": "string"},
            "env": {"type": "object", "default": {}},
            "memory": {"type": "integer", "default": 1},
        },
        "required": ["command"],
    },
}


@pytest.fixture
def deployment(db):
    pool = make_work_pool("cluster", type="process", base_job_template=TEMPLATE)
    return make_deployment(make_flow("numbers"), pool=pool, job_variables={"command": "go"})


def path(deployment):
    return f"/deployments/{deployment.pk}/create_flow_run"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"command": 5}, "'command'"),
        ({"memory": "much"}, "'memory'"),
    ],
)
def test_refuses_job_variables_that_the_pool_does_not_take(api, deployment, variables, words):
    response = api.post(path(deployment), {"job_variables": variables})

    assert response.status_code == 422
    assert response.json()["detail"].startswith("Error creating flow run: Validation failed")
    assert words in response.json()["detail"]


def test_needs_every_job_variable_that_the_pool_requires(api, deployment):
    deployment.job_variables = {}
    deployment.save()

    refused = api.post(path(deployment), {})
    accepted = api.post(path(deployment), {"job_variables": {"command": "go", "memory": None, "own": True}})

    assert (refused.status_code, accepted.status_code) == (422, 201)
    assert "'command' is a required property" in refused.json()["detail"]
    assert accepted.json()["job_variables"] == {"command": "go", "memory": None, "own": True}


def test_goes_to_the_queue_that_it_names(api, deployment):
    run = api.post(path(deployment), {"work_queue_name": "fast"}).json()

    assert (run["work_pool_name"], run["work_queue_name"]) == ("cluster", "fast")


def test_remembers_the_automation_that_asked_for_it(api, deployment):
    automation = str(uuid4())
    headers = {"Prefect-Automation-ID": automation, "Prefect-Automation-Name": b64encode("nächtlich".encode()).decode()}

    run = api.post(path(deployment), {}, **headers).json()

    assert run["created_by"] == {"id": automation, "type": "AUTOMATION", "display_value": "nächtlich"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Prefect-Automation-ID": "no-uuid", "Prefect-Automation-Name": "bmFtZQ=="},
        {"Prefect-Automation-ID": str(uuid4()), "Prefect-Automation-Name": "no base 64"},
        {"Prefect-Automation-ID": str(uuid4())},
    ],
)
def test_remembers_nobody_otherwise(api, deployment, headers):
    assert api.post(path(deployment), {}, **headers).json()["created_by"] is None


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ({}, {}),
        ({"job_variables": None}, {}),
        ({"idempotency_key": "a"}, {}),
        ({"idempotency_key": "b", "job_variables": None}, None),
        ({"idempotency_key": "c", "job_variables": {"x": 1}}, {"x": 1}),
    ],
)
def test_has_no_job_variables_where_null_comes_with_an_idempotency_key(api, deployment, sent, answered):
    assert api.post(path(deployment), sent).json()["job_variables"] == answered


def test_refuses_infrastructure_that_does_not_exist(api, deployment):
    assert api.post(path(deployment), {"infrastructure_document_id": str(uuid4())}).status_code == 409


def test_needs_a_schema_when_parameters_are_enforced(api, deployment):
    response = api.post(path(deployment), {"enforce_parameter_schema": True})

    assert response.status_code == 409


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"properties": {"n": {"$ref": "#/definitions/missing"}}},
        {"properties": {"n": {"$ref": "http://127.0.0.1:9/schema"}}},
    ],
)
def test_answers_schemas_that_cannot_be_used(api, deployment, schema):
    deployment.parameter_openapi_schema = schema
    deployment.save()

    response = api.post(path(deployment), {"parameters": {"n": 1}, "enforce_parameter_schema": True})

    assert response.status_code == 422
    assert isinstance(response.json()["detail"], str)


def test_costs_no_more_queries_than_before(api, django_assert_num_queries):
    deployment = make_deployment(make_flow(), pool=make_work_pool())
    api.post(path(deployment), {})  # statements are composed by the first

    with django_assert_num_queries(7):
        api.post(path(deployment), {})


class TestMany:
    def test_are_made_as_far_as_they_can_be(self, api, deployment):
        requests = [
            {"parameters": {"n": 1}},
            {"job_variables": {"command": 5}},
            {"parameters": {"n": {"__prefect_kind": "json", "value": "{"}}},
            {"work_queue_name": "fast"},
        ]

        response = api.post(f"{path(deployment)}/bulk", requests)

        results = response.json()["results"]
        assert [one["status"] for one in results] == ["CREATED", "FAILED", "FAILED", "CREATED"]
        assert "'command'" in results[1]["error"]
        assert results[2]["error"].startswith("Invalid JSON")
        assert {one["flow_run_id"] for one in results} - {None} == {str(run.pk) for run in FlowRun.objects.all()}

    def test_may_be_none_and_not_too_many(self, api, deployment):
        assert api.post(f"{path(deployment)}/bulk", []).json() == {"results": []}
        assert api.post(f"{path(deployment)}/bulk", [{}] * 101).status_code == 400
        assert api.post(f"/deployments/{uuid4()}/create_flow_run/bulk", []).status_code == 404
