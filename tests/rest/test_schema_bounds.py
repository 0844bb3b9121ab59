"""Schemas that cost their reader more than their author."""

from __future__ import annotations

from time import process_time, sleep

import pytest

from deployments.services.value_checks import misfit
from orchestrator.rest import schema_bounds
from orchestrator.rest.schema_bounds import CHECK_SECONDS, in_time, keywords_in_time
from orchestrator.rest.value_schemas import BadSchema, errors_in

LINKS = 40  # each asks for the next one twice: 2 ** 40 checks
ALL = {f"d{at}": {"allOf": [{"$ref": f"#/definitions/d{at + 1}"}] * 2} for at in range(LINKS)}
ANY = {f"d{at}": {"anyOf": [{"$ref": f"#/definitions/d{at + 1}"}] * 2} for at in range(LINKS)}
DEAR = [
    ({"patternProperties": {"^(a|a)*$": {}}}, {"a" * 60 + "!": 1}),
    ({"properties": {"x": {"pattern": "^(a|a)*$"}}}, {"x": "a" * 60 + "!"}),
    ({"patternProperties": {"^(a|a)*$": {}}, "additionalProperties": False}, {"a" * 60 + "!": 1}),
    ({"definitions": ALL | {f"d{LINKS}": {}}, "allOf": [{"$ref": "#/definitions/d0"}]}, {}),
    ({"definitions": ANY | {f"d{LINKS}": False}, "anyOf": [{"$ref": "#/definitions/d0"}]}, {}),
]
UNUSABLE = [
    {"$ref": "#/x", "x": 5},
    {"$ref": "#/x", "x": "text"},
    {"$ref": "#/required/x", "required": ["a"]},
    {"definitions": {"a": {"block_type_slug": "s", "title": [1]}}},
    {"properties": {"a": {"multipleOf": 0.1}}},
]


@pytest.mark.parametrize("check", [errors_in, misfit])
@pytest.mark.parametrize(("schema", "values"), DEAR)
def test_gives_up_in_time(check, schema, values):
    begun = process_time()

    with pytest.raises(BadSchema, match="takes more than"):
        check(values, schema)

    assert process_time() - begun < CHECK_SECONDS + 4


@pytest.mark.parametrize("check", [errors_in, misfit])
@pytest.mark.parametrize("schema", UNUSABLE)
def test_refuses_what_the_library_stumbles_over(check, schema):
    with pytest.raises(BadSchema):
        check({"a": 10**400}, schema)


@pytest.mark.parametrize(
    ("items", "fit"),
    [
        ([{"x": at} for at in range(20_000)], True),  # 200 million comparisons, one by one
        ([1, True, "1", None, [1], {"a": 1}], True),
        ([1, 1.0], False),
        ([{"a": [1], "b": 2}, {"b": 2, "a": [1.0]}], False),
    ],
)
def test_finds_repeated_items_quickly(items, fit):
    found = errors_in({"a": items}, {"properties": {"a": {"type": "array", "default": [], "uniqueItems": True}}})

    assert (not found) is fit


def test_does_not_count_the_time_in_which_the_machine_does_something_else(monkeypatch):
    monkeypatch.setattr(schema_bounds, "CHECK_SECONDS", 0.05)

    with in_time():
        sleep(0.1)

        assert list(keywords_in_time({"type": "string"})) == [("type", "string")]
