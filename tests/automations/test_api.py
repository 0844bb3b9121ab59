"""What is served about automations so far."""

from __future__ import annotations

import json

import pytest

from automations.models import Automation

pytestmark = pytest.mark.django_db


def make(name, **columns):
    return Automation.objects.create(name=name, trigger={"type": "event"}, **columns)


def test_lists_automations_by_name(api):
    make("second")
    make("first", tags=["a"])

    rows = api.post("/automations/filter", {"automations": {}}).json()

    assert [row["name"] for row in rows] == ["first", "second"]


def test_filters_and_counts_automations(api):
    make("one", tags=["a", "b"])
    make("two", tags=["b"])

    assert api.post("/automations/count", {"automations": {"tags": {"all_": ["a"]}}}).json() == 1
    assert api.post("/automations/count", {"automations": {"name": {"any_": ["two", "three"]}}}).json() == 1
    assert api.post("/automations/count").json() == 2


@pytest.mark.parametrize("path", ["/templates/validate", "/automations/templates/validate"])
def test_accepts_a_template(api, path):
    response = api.post(path, '"{% for tag in flow_run.tags %}{{ tag }}{% endfor %}"')

    assert response.status_code == 204


@pytest.mark.parametrize(
    ("template", "line", "says"),
    [
        ("{{ bad ", 1, "end of template"),
        ("\n{% for %}", 2, "Expected an expression"),
        ("{% for a in b %}{% endfor %}" * 11, 0, "11 loops"),
        ("{% for a in b %}" * 3 + "{% endfor %}" * 3, 0, "deeper than"),
    ],
)
def test_says_what_is_wrong_with_a_template(api, template, line, says):
    response = api.post("/templates/validate", json.dumps(template))

    assert response.status_code == 422
    error = response.json()["error"]
    assert (error["line"], error["source"]) == (line, template)
    assert says in error["message"]
