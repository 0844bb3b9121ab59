"""Parameters that say how they come to be."""

from __future__ import annotations

import pytest

from orchestrator.store.errors import HydrationFailed
from orchestrator.store.models import Variable
from orchestrator.store.services.hydration import Unresolved, hydrate, hydrate_for_checking

pytestmark = pytest.mark.django_db


def kind(name: str, **given):
    return {"__prefect_kind": name, **given}


@pytest.fixture(autouse=True)
def variables():
    Variable.objects.create(name="threshold", value={"limit": 12})
    Variable.objects.create(name="nothing", value=None)


@pytest.mark.parametrize(
    ("given", "resolved"),
    [
        ({"a": 1, "b": [{"c": None}]}, {"a": 1, "b": [{"c": None}]}),
        ({"a": kind("none", value=[1, kind("none", value=2)])}, {"a": [1, 2]}),
        ({"a": kind("json", value='{"b": [1, 2.5, null]}')}, {"a": {"b": [1, 2.5, None]}}),
        ({"a": kind("json", value=5)}, {"a": 5}),  # parsed already
        ({"a": kind("json"), "b": [kind("json"), 1]}, {"b": [1]}),  # a field that was not filled in
        ({"a": kind("jinja", template="{{ 20 + 1 }} days")}, {"a": "21 days"}),
        ({"a": kind("json", value=kind("jinja", template="[{{ 1 + 1 }}]"))}, {"a": [2]}),
        ({"a": kind("workspace_variable", variable_name="threshold")}, {"a": {"limit": 12}}),
        ({"a": kind("workspace_variable", variable_name="nothing")}, {"a": None}),
        ({"a": kind("workspace_variable")}, {}),
        ({"a": kind("something", value=3), "b": kind("something")}, {"a": 3, "b": None}),  # a kind of the future
        (kind("json"), {}),
    ],
)
def test_replaces_what_stands_for_something(given, resolved):
    assert hydrate(given) == resolved


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (kind("none"), "Missing 'value' key"),
        (kind("json", value="{"), "Invalid JSON"),
        (kind("jinja"), "Missing 'template' key"),
        (kind("jinja", template="{{ "), "Invalid jinja"),
        (kind("jinja", template="{{ 1 / 0 }}"), "Invalid jinja"),
        (kind("jinja", template=5), "Invalid jinja"),
        (kind("workspace_variable", variable_name="missing"), "Variable 'missing' not found in workspace."),
    ],
)
def test_tells_what_leads_nowhere(given, why):
    with pytest.raises(HydrationFailed, match=why) as raised:
        hydrate({"deep": [given]}, doing="flow run parameters")

    assert str(raised.value).startswith("Error hydrating flow run parameters: ")


def test_leaves_places_open_when_only_checking():
    given = {
        "a": kind("jinja", template="{{ later }}"),
        "b": kind("jinja", template="{{ "),
        "c": kind("workspace_variable", variable_name="missing"),
        "d": kind("workspace_variable", variable_name="threshold"),
    }

    found = hydrate_for_checking(given)

    assert found["a"] == Unresolved()
    assert found["b"].error.startswith("Invalid jinja: ")
    assert found["c"] == Unresolved("Variable 'missing' not found in workspace.")
    assert found["d"] == {"limit": 12}


def test_asks_the_database_only_for_variables_and_once_for_each(django_assert_num_queries):
    with django_assert_num_queries(0):
        hydrate({"a": kind("json", value="1"), "b": {"c": 2}})
    with django_assert_num_queries(1):
        hydrate({name: kind("workspace_variable", variable_name="threshold") for name in "abc"})


@pytest.mark.parametrize("text", ["[" * 300 + "]" * 300, '"\\ud800"', "NaN"])
def test_refuses_json_that_no_answer_could_carry(text):
    with pytest.raises(HydrationFailed, match="Invalid JSON"):
        hydrate({"a": kind("json", value=text)})


def test_gives_all_templates_together_a_limited_time(monkeypatch):
    monkeypatch.setattr("orchestrator.store.services.hydration.MOST_SECONDS", 0.0)

    with pytest.raises(HydrationFailed, match="together"):
        hydrate({"a": [kind("jinja", template="{{ 1 }}")]})
