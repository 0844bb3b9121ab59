"""Changing a deployment, and making it again under another name."""

import re

import pytest

from deployments.models import Deployment, DeploymentSchedule
from deployments.services.deployments import update_deployment
from tests.factories import make_deployment, make_flow, make_work_pool

FIELDS = {
    "version": "2",
    "description": "New",
    "tags": "prod, eu , prod",
    "pool": "",
    "queue": "",
    "parameters": '{"a": 1}',
    "job_variables": "",
    "limit": "",
    "collision": "ENQUEUE",
    "catch_up": "planned",
    "max_age": "",
}


@pytest.fixture
def found(db):
    return make_deployment(make_flow("etl"), name="nightly", enforce_parameter_schema=True, parameter_openapi_schema={})


@pytest.fixture
def address(found):
    return f"/deployments/deployment/{found.pk}/edit"


def test_changes_what_was_typed(client, found, address):
    make_work_pool("cluster")

    response = client.post(
        address, FIELDS | {"pool": "cluster", "limit": "3", "collision": "CANCEL_NEW", "catch_up": "max_age",
                           "max_age": "60", "badge": "1"}
    )  # fmt: skip

    found.refresh_from_db()
    assert response.status_code == 303
    assert (found.version, found.description, found.tags, found.parameters) == ("2", "New", ["prod", "eu"], {"a": 1})
    assert (found.work_queue.work_pool.name, found.work_queue.name) == ("cluster", "default")
    assert found.global_concurrency_limit.limit == 3
    assert found.concurrency_options["collision_strategy"] == "CANCEL_NEW"
    assert (found.catch_up_policy, found.catch_up_max_age_seconds) == ("max_age", 60.0)
    assert found.badge_is_public
    assert not found.enforce_parameter_schema


def test_leaves_what_was_not_touched(client, found, address):
    update_deployment(deployment_id=found.pk, changes={"concurrency_limit": 2, "job_variables": {"cpu": 1}})
    form = client.get(address).content.decode()
    values = dict(re.findall(r'<input id="field-(\w+)"[^>]* value="([^"]*)"', form))

    client.post(address, FIELDS | {"limit": values["limit"], "job_variables": '{"cpu": 1}', "enforce": "1"})

    found.refresh_from_db()
    assert values["limit"] == "2"
    assert found.global_concurrency_limit.limit == 2
    assert found.job_variables == {"cpu": 1}
    assert found.enforce_parameter_schema


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"parameters": "{"}, "parameters", "No JSON: line 1, column 2"),
        ({"parameters": "[" * 5000}, "parameters", "No JSON"),
        ({"job_variables": "[1]"}, "job_variables", "JSON object"),
        ({"limit": "0"}, "limit", "above 0"),
        ({"pool": "nowhere"}, "pool", "not found"),
        ({"catch_up": "max_age"}, "max_age", "how many seconds"),
        ({"catch_up": "odd"}, "catch_up", "one of the list"),
    ],
)
def test_says_at_the_field_what_is_wrong(client, found, address, fields, field, words):
    response = client.post(address, FIELDS | fields)

    page = response.content.decode()
    assert response.status_code == 422
    assert re.search(rf'href="#field-{field}">[^<]*{words}', page)
    assert f'id="field-{field}"' in page
    assert Deployment.objects.get().version is None


def test_says_that_parameters_do_not_fit_the_schema(client, found, address):
    Deployment.objects.update(parameter_openapi_schema={"properties": {"a": {"type": "string"}}})

    page = client.post(address, FIELDS | {"enforce": "1"}).content.decode()

    assert 'id="error-parameters"' in page


def test_duplicates_with_its_schedules_off(client, found):
    DeploymentSchedule.objects.create(deployment=found, schedule={"interval": 60}, slug="often")
    update_deployment(deployment_id=found.pk, changes={"concurrency_limit": 2, "tags": ["prod"]})

    client.post(f"/deployments/deployment/{found.pk}/duplicate", {"name": "nightly-2"})

    copy = Deployment.objects.get(name="nightly-2")
    schedule = copy.schedules.get()
    assert (copy.flow, copy.tags, copy.global_concurrency_limit.limit) == (found.flow, ["prod"], 2)
    assert copy.global_concurrency_limit != Deployment.objects.get(pk=found.pk).global_concurrency_limit
    assert (schedule.slug, schedule.active) == ("often", False)


@pytest.mark.parametrize(("name", "words"), [("nightly", "already"), ("", "needs a name"), ("a/b", "none of the")])
def test_refuses_a_name_that_cannot_be(client, found, name, words):
    response = client.post(f"/deployments/deployment/{found.pk}/duplicate", {"name": name})

    assert response.status_code == 422
    assert words in response.content.decode()
    assert Deployment.objects.count() == 1


def test_is_not_for_viewers(client, found, address, settings, django_user_model):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("eve"))

    page = client.get(f"/deployments/deployment/{found.pk}").content.decode()

    assert "Edit…" not in page
    assert "Run</button>" not in page
    assert "Add a schedule" not in page
    for part, fields in (
        ("edit", FIELDS), ("duplicate", {"name": "x"}), ("start", {}), ("switch", {"do": "pause"}), ("delete", {}),
        ("backfill", {}), ("schedules/new", {}), ("versions/1/restore", {}),
    ):  # fmt: skip
        assert client.post(f"/deployments/deployment/{found.pk}/{part}", fields).status_code == 403, part
    assert client.post("/deployments/bulk", {}).status_code == 403
