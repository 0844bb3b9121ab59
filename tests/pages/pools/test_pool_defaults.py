"""The form of a pool's defaults."""

from __future__ import annotations

import pytest

from tests.factories import make_work_pool

pytestmark = pytest.mark.django_db
PAGE = "/work-pools/work-pool/eu/defaults"
TEMPLATE = {
    "job_configuration": {"image": "{{ image }}", "cpu": "{{ cpu }}"},
    "variables": {
        "type": "object",
        "required": ["image"],
        "properties": {
            "image": {"type": "string", "title": "Image", "default": "python:3.11"},
            "cpu": {"type": "integer", "title": "Processors", "minimum": 1},
        },
    },
}


@pytest.fixture
def pool():
    return make_work_pool("eu", type="docker", base_job_template=TEMPLATE)


def defaults_of(pool):
    pool.refresh_from_db()
    properties = pool.base_job_template["variables"]["properties"]
    return {name: one["default"] for name, one in properties.items() if "default" in one}


def test_shows_the_variables_with_their_defaults(client, pool):
    page = client.get(PAGE).content.decode()

    assert 'value="python:3.11"' in page
    assert "Processors" in page


def test_keeps_what_is_filled_in_as_defaults(client, pool):
    answer = client.post(PAGE, {"p:tab": "json", "p:json": '{"image": "python:3.13", "cpu": 2}'})

    assert answer.status_code == 303
    assert defaults_of(pool) == {"image": "python:3.13", "cpu": 2}
    assert pool.base_job_template["variables"]["required"] == ["image"]
    assert pool.base_job_template["job_configuration"] == TEMPLATE["job_configuration"]


def test_takes_a_default_away(client, pool):
    client.post(PAGE, {"p:tab": "json", "p:json": "{}"})

    assert defaults_of(pool) == {}


@pytest.mark.parametrize("typed", ['{"cpu": 0}', '{"cpu": "two"}', '{"colour": "red"}', "{"])
def test_refuses_what_does_not_fit_the_template(client, pool, typed):
    answer = client.post(PAGE, {"p:tab": "json", "p:json": typed})

    assert answer.status_code == 422
    assert defaults_of(pool) == {"image": "python:3.11"}


def test_refuses_a_viewer(client, pool, settings, django_user_model):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("vera"))

    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"p:tab": "json", "p:json": "{}"}).status_code == 403
    assert defaults_of(pool) == {"image": "python:3.11"}
