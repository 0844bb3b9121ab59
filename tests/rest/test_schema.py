"""How the API describes itself."""

from __future__ import annotations

import pytest

from orchestrator.rest.schema import describe


@pytest.fixture(scope="module")
def paths():
    return describe()["paths"]


def parameters_of(operation):
    return {(one["in"], one["name"]): one for one in operation["parameters"]}


def test_tells_of_the_identifiers_in_a_path(paths):
    (parameter,) = [one for one in paths["/flow_runs/{flow_run_id}"]["get"]["parameters"] if one["in"] == "path"]

    assert parameter["required"]
    assert parameter["schema"] == {"type": "string", "format": "uuid"}


def test_tells_of_the_choices_in_a_path(paths):
    parameters = parameters_of(paths["/events/count-by/{countable}"]["post"])

    assert parameters["path", "countable"]["schema"]["enum"] == ["day", "time", "event", "resource"]


def test_tells_of_the_query_string(paths):
    parameters = parameters_of(paths["/flow_run_states"]["get"])

    assert parameters["query", "flow_run_id"]["required"]
    assert parameters["query", "flow_run_id"]["schema"]["format"] == "uuid"


def test_tells_of_the_version_wherever_it_is_asked_for(paths):
    assert ("header", "x-prefect-api-version") in parameters_of(paths["/flow_runs/filter"]["post"])
    assert ("header", "x-prefect-api-version") not in parameters_of(paths["/health"]["get"])


def test_tells_which_bodies_may_be_absent(paths):
    assert paths["/flow_runs"]["post"]["requestBody"]["required"]
    assert paths["/flow_runs/{flow_run_id}"]["patch"]["requestBody"]["required"]
    assert not paths["/flow_runs/filter"]["post"]["requestBody"]["required"]


def test_tells_every_status_that_it_answers(paths):
    assert set(paths["/flow_runs"]["post"]["responses"]) == {"200", "201", "422"}
    assert "content" not in paths["/flow_runs/{flow_run_id}"]["delete"]["responses"]["204"]


def test_tells_of_answers_that_are_no_json(paths):
    answer = paths["/flow_runs/{flow_run_id}/logs/download"]["get"]["responses"]["200"]

    assert list(answer["content"]) == ["text/csv"]


def test_names_no_component_that_nothing_refers_to():
    document = describe()
    text = str(document["paths"]) + str(document["components"])
    unused = [name for name in document["components"]["schemas"] if f"schemas/{name}'" not in text]

    assert unused == []
