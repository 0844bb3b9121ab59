from dataclasses import dataclass

import pytest

from orchestrator.rest.value_schemas import BadSchema, errors_in

NUMBER = {"type": "integer"}
PAIR = {"type": "object", "properties": {"k": {"type": "integer"}}, "required": ["k"]}
CASES = [
    # schema of the property x, its value, what is said of it
    ({"type": "integer", "default": 1}, "a", ["'a' is not of type 'integer'"]),
    # what need not be given may be null
    (NUMBER, None, []),
    (NUMBER, "a", ["'a' is not valid under any of the given schemas"]),
    (
        {"type": "array", "default": [], "items": dict(NUMBER)},
        [1, "a"],
        [{"index": 1, "errors": ["'a' is not of type 'integer'"]}],
    ),
    # tuples of older pydantic
    (
        {"type": "array", "default": [], "items": [dict(NUMBER)]},
        ["a"],
        [{"index": 0, "errors": ["'a' is not of type 'integer'"]}],
    ),
    # a missing property is said of itself
    (PAIR | {"default": {}}, {}, [{"property": "k", "errors": ["'k' is a required property"]}]),
    (
        {"items": PAIR},
        [{"k": 1}, {}],
        [{"index": 1, "errors": [{"property": "k", "errors": ["'k' is a required property"]}]}],
    ),
    ({"type": "string", "default": "", "format": "date-time"}, "soon", ["'soon' is not a 'date-time'"]),
]
BLOCK = {
    "properties": {"x": {"$ref": "#/definitions/Store"}},
    "definitions": {"Store": {"title": "Store", "block_type_slug": "store", **PAIR}},
}


@dataclass(frozen=True)
class Place:
    error: str | None = None


@pytest.mark.parametrize(("schema", "value", "expected"), CASES)
def test_says_what_is_wrong_where(schema, value, expected):
    errors = errors_in({"x": value}, {"type": "object", "properties": {"x": schema}})

    assert errors == ([{"property": "x", "errors": expected}] if expected else [])


def test_says_of_the_whole_what_is_wrong_with_the_whole():
    schema = {"minProperties": 2, "properties": {"o": PAIR}}

    assert errors_in({"o": {}}, schema) == [
        "{'o': {}} does not have enough properties",
        {"property": "o", "errors": [{"property": "k", "errors": ["'k' is a required property"]}]},
    ]


def test_names_a_missing_property_of_several_words():
    assert errors_in({}, {"required": ["two words"]})[0]["property"] == "two words"


@pytest.mark.parametrize("value", [{"k": 1}, {"$ref": "0a1b2c3d-0000-4000-8000-000000000000"}, {"$ref": {"id": "x"}}])
def test_takes_a_block_or_a_reference_to_one(value):
    assert errors_in({"x": value}, BLOCK) == []


def test_takes_nothing_else_for_a_block():
    assert errors_in({"x": {"$ref": {}}}, BLOCK) != []


def test_lets_pass_what_will_be_known_and_tells_of_what_will_not():
    schema = {"properties": {"x": {"type": "integer", "default": 1}, "y": {"type": "string", "default": ""}}}

    assert errors_in({"x": Place()}, schema) == []
    assert errors_in({"x": Place("cannot be read"), "y": 5}, schema) == [
        {"property": "x", "errors": ["cannot be read"]},
        {"property": "y", "errors": ["5 is not of type 'string'"]},
    ]


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ({"type": "nonsense"}, "'nonsense' is not valid under any of the given schemas"),
        ({"properties": 5}, "5 is not of type 'object'"),
        ({"properties": {"x": {"$ref": "#/properties/x"}}}, "circular references"),
        ({"properties": {"x": {"$ref": "#/nowhere"}}}, "Failure reason"),
        ({"properties": {"x": {"$ref": "https://example.com/schema.json"}}}, "Failure reason"),
    ],
)
def test_refuses_schemas_that_cannot_be_used_and_fetches_none(schema, part):
    with pytest.raises(BadSchema, match="Invalid schema") as caught:
        errors_in({"x": 1}, schema)

    assert part in str(caught.value)


def test_leaves_the_schema_as_it_is():
    schema = {"properties": {"x": {"type": "integer"}}}

    errors_in({"x": 1}, schema)

    assert schema == {"properties": {"x": {"type": "integer"}}}
