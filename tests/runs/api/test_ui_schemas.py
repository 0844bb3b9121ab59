import pytest

SCHEMA = {"type": "object", "properties": {"x": {"type": "integer", "default": 1}}, "required": ["y"]}


def validated(api, values, schema=SCHEMA):
    return api.post("/ui/schemas/validate", {"schema": schema, "values": values})


def test_answers_a_tree_of_errors(api):
    assert validated(api, {"x": "a"}).json() == {
        "valid": False,
        "errors": [
            {"property": "x", "errors": ["'a' is not of type 'integer'"]},
            {"property": "y", "errors": ["'y' is a required property"]},
        ],
    }
    assert validated(api, {"x": 2, "y": None}).json() == {"valid": True, "errors": []}


def test_looks_at_what_values_stand_for(api):
    api.post("/variables/", {"name": "size", "value": 5})
    places = {
        "x": {"__prefect_kind": "workspace_variable", "variable_name": "size"},
        "y": {"__prefect_kind": "jinja", "template": "{{ flow_run.name }}"},
    }

    assert validated(api, places).json() == {"valid": True, "errors": []}
    assert validated(api, {"y": 1, "x": {"__prefect_kind": "json", "value": '"a"'}}).json()["valid"] is False


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"__prefect_kind": "json", "value": "[1"}, "Invalid JSON"),
        ({"__prefect_kind": "jinja", "template": "{{ x "}, "Invalid jinja"),
        ({"__prefect_kind": "workspace_variable", "variable_name": "none"}, "Variable 'none' not found"),
    ],
)
def test_tells_what_leads_nowhere(api, place, said):
    (error,) = validated(api, {"x": place, "y": 1}).json()["errors"]

    assert error["property"] == "x"
    assert error["errors"][0].startswith(said)


def test_refuses_schemas_that_cannot_be_used(api):
    response = validated(api, {}, {"type": "nonsense"})

    assert response.status_code == 422
    assert response.json()["detail"].startswith("Invalid schema: ")


@pytest.mark.parametrize("body", [{}, {"schema": {}}, {"values": {}}, {"schema": [], "values": {}}])
def test_needs_both_a_schema_and_values(api, body):
    assert api.post("/ui/schemas/validate", body).status_code == 422
