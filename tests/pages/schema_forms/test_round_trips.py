"""A form that nobody touches stands for exactly the values that it was filled with."""

import pytest

from orchestrator.pages.schema_forms import build_form, read_form
from tests.pages.schema_forms.posted import posted, shown

BLOCK = "3b6c0e8a-1111-4222-8333-444455556666"
DEFINITIONS = {
    "Color": {"title": "Color", "enum": ["red", "blue"], "type": "string"},
    "Db": {
        "title": "Db",
        "type": "object",
        "properties": {
            "host": {"type": "string", "default": "localhost", "title": "Host"},
            "port": {"type": "integer", "default": 5432, "minimum": 1, "maximum": 65535, "title": "Port"},
        },
    },
    "Table": {
        "title": "Table",
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "title": "Name"},
            "db": {"$ref": "#/definitions/Db", "default": {"host": "localhost", "port": 5432}},
        },
    },
    "Cat": {
        "title": "Cat",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer", "default": 9}},
    },
    "Dog": {
        "title": "Dog",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"const": "dog"}, "sound": {"type": "string", "default": "woof"}},
    },
    "Node": {
        "title": "Node",
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "next": {"anyOf": [{"$ref": "#/definitions/Node"}, {"type": "null"}], "default": None},
        },
    },
    "Secret": {"title": "Secret", "block_type_slug": "secret", "type": "object", "properties": {}},
}


def optional(schema):
    return {"anyOf": [schema, {"type": "null"}], "default": None}


TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
PET = {"anyOf": [{"$ref": "#/definitions/Cat"}, {"$ref": "#/definitions/Dog"}, {"type": "null"}], "default": None}

CASES = [
    # a schema of one property, and values that it may have
    (TEXT, ["eu", "", " two words ", "several\nlines\n\n", "\nbegins", "x" * 300, "<b>&\"'", "Ünï"]),
    ({**TEXT, "default": "abc"}, ["abc", "", "xyz"]),
    (optional(TEXT), [None, "", "text", "null"]),
    ({**TEXT, "format": "date"}, ["2026-11-20"]),
    ({**TEXT, "format": "date-time"}, ["2026-11-20T10:00:00Z", "2026-11-20T10:00:00.123456+02:00"]),
    (optional({**TEXT, "format": "date-time"}), [None, "2026-11-20T10:00:30-05:00"]),
    ({**TEXT, "format": "time"}, ["10:00:00Z", "10:00:01.5+01:00"]),
    ({**TEXT, "format": "uuid"}, [BLOCK]),
    ({**TEXT, "format": "email"}, ["a@example.org"]),
    ({**TEXT, "format": "uri"}, ["https://example.org/?a=1&b=2"]),
    ({**TEXT, "format": "duration"}, ["PT1H"]),
    ({"enum": ["a", "b", "c"], "default": "a"}, ["a", "c"]),
    ({"enum": ["a", "b", "c", "d", "e", "f"]}, ["a", "f"]),
    ({"enum": [1, "1", True, None, "", "none"]}, [1, "1", True, None, "", "none"]),
    ({"$ref": "#/definitions/Color", "default": "red"}, ["red", "blue"]),
    ({"allOf": [{"$ref": "#/definitions/Color"}], "default": "red"}, ["blue"]),
    ({"const": "fixed"}, ["fixed"]),
    (WHOLE, [0, -5, 10**25]),
    ({**WHOLE, "default": 3}, [3, 4]),
    (optional(WHOLE), [None, 0]),
    ({"type": "number"}, [0.5, 1, 1.0, -1e-9, 1e300]),
    ({"type": ["integer", "null"]}, [None, 7]),
    ({"type": "boolean"}, [True, False]),
    ({"type": "boolean", "default": True}, [True, False]),
    (optional({"type": "boolean"}), [None, True, False]),
    ({"anyOf": [WHOLE, TEXT]}, [1, "1", "", "x"]),
    ({"anyOf": [WHOLE, TEXT, {"type": "null"}], "default": 1}, [None, 1, "one"]),
    ({"type": ["string", "integer"]}, ["a", 3]),
    (PET, [None, {"kind": "cat"}, {"kind": "cat", "lives": 3}, {"kind": "dog", "sound": "woof"}]),
    ({"$ref": "#/definitions/Db"}, [{}, {"port": 1}, {"host": "localhost"}, {"host": "", "port": 5432}]),
    (optional({"$ref": "#/definitions/Table"}), [None, {"name": "a"}, {"name": "a", "db": {"port": 2}}]),
    ({"$ref": "#/definitions/Node"}, [{"name": "a"}, {"name": "a", "next": {"name": "b", "next": None}}]),
    ({"type": "array", "items": TEXT}, [[], ["a", "b"], ["a ", " b"], ["", "x"], ["two\nlines"], ["  "]]),
    ({"type": "array", "items": WHOLE, "default": [1]}, [[], [1], [1, 2]]),
    ({"type": "array", "items": {"type": "number"}}, [[1.0, 2, 0.5]]),
    (optional({"type": "array", "items": TEXT}), [None, [], ["a"], [""]]),
    ({"type": "array", "items": {"type": "array", "items": WHOLE}}, [[], [[1, 2], []]]),
    ({"type": "array", "items": {"$ref": "#/definitions/Table"}}, [[], [{"name": "a"}, {"name": "", "db": {}}]]),
    ({"type": "array", "items": {"enum": ["a", "b"]}}, [["a", "a", "b"], ["a"] * 60]),
    ({"type": "array", "items": TEXT}, [["a"] * 300]),
    ({"type": "object", "additionalProperties": WHOLE}, [{f"key-{at}": at for at in range(60)}]),
    ({"type": "array", "items": {"type": "boolean"}}, [[True, False]]),
    ({"type": "array", "items": optional(WHOLE)}, [[None, 1]]),
    ({"type": "array", "prefixItems": [WHOLE, TEXT]}, [[1, "a"]]),
    ({"type": "object", "additionalProperties": WHOLE}, [{}, {"a": 1, "b.c:d e": 2}]),
    ({"type": "object", "additionalProperties": TEXT}, [{"a": "", "": "x"}, {"a": "two\nlines"}]),
    ({"type": "object", "additionalProperties": {"$ref": "#/definitions/Db"}}, [{"x": {"port": 3}, "y": {}}]),
    (optional({"type": "object", "additionalProperties": TEXT}), [None, {}, {"a": "b"}]),
    ({"type": "object"}, [{}, {"a": [1, {"b": None}]}]),
    ({}, [None, 1, "text", [1], {"a": 1}, True]),
    ({"default": None}, [None, "", {"a": 1}]),
    ({"$ref": "#/definitions/Secret"}, [{"$ref": {"block_document_id": BLOCK}}, {"$ref": BLOCK}, {"value": "x"}]),
    # what stands for something else, and what does not fit, comes back as it is
    (WHOLE, [{"__prefect_kind": "workspace_variable", "variable_name": "n"}, "seven", None, [1]]),
    ({"type": "boolean"}, ["yes", {"__prefect_kind": "json", "value": "true"}]),
    ({"type": "array", "items": WHOLE}, ["[1]", {"a": 1}, [1, "x"]]),
    ({"type": "object", "additionalProperties": WHOLE}, [[1], "x"]),
    ({"type": "object", "properties": {"a": WHOLE}}, [{"a": 1, "more": [2]}]),
]


def schema_of(field, *, required):
    whole = {"type": "object", "properties": {"x": field}, "definitions": DEFINITIONS}
    return {**whole, "required": ["x"]} if required else whole


def come_back(schema, values):
    html = shown(build_form(schema, values, blocks=lambda slug: [(BLOCK, "mine")]))
    return read_form(schema, posted(html)).values


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in CASES for value in values], ids=lambda one: str(one)[:60]
)
def test_every_type_comes_back_as_it_was(field, value, required):
    """FORM-1: each type round-trips to the exact JSON."""
    assert repr(come_back(schema_of(field, required=required), {"x": value})) == repr({"x": value})


@pytest.mark.parametrize("field", [field for field, _ in CASES], ids=lambda one: str(one)[:60])
def test_what_was_not_given_is_not_sent(field):
    """FORM-1: defaults stay the flow's."""
    if field in ({"type": "boolean"}, {"const": "fixed"}):
        return
    assert come_back(schema_of(field, required=False), {}) == {}


@pytest.mark.parametrize("field", [field for field, _ in CASES], ids=lambda one: str(one)[:60])
def test_the_other_tab_has_the_same_values(field):
    schema = schema_of(field, required=True)
    for value in dict(enumerate(next(values for one, values in CASES if one is field))).values():
        asked = read_form(schema, posted(shown(build_form(schema, {"x": value})), press=("p:switch", "json")))
        assert asked.wants == "json"

        html = shown(build_form(schema, answer=asked))

        assert repr(read_form(schema, posted(html)).values) == repr({"x": value})


def test_keeps_the_order_and_the_names_of_the_author():
    names = ["b.c", "a b", "x:null", "ü", "0", "q~1/2", "%2E"]
    fields = {name: {**WHOLE, "position": len(names) - at} for at, name in enumerate(names)}
    schema = {"type": "object", "properties": fields}

    form = build_form(schema, {name: at for at, name in enumerate(names)})

    assert [field.title for field in form.fields] == names[::-1]
    assert read_form(schema, posted(shown(form))).values == {name: at for at, name in enumerate(names)}


@pytest.mark.parametrize("extra", [True, {"type": "integer"}, False, None])
def test_unknown_keys_survive(extra):
    """FORM-5: they survive, at every depth."""
    inner = {"type": "object", "properties": {"a": WHOLE}}
    schema = {"type": "object", "properties": {"x": inner}}
    if extra is not None:
        schema["additionalProperties"] = inner["additionalProperties"] = extra
    values = {"x": {"a": 1, "zz": [1, {"y": None}]}, "more": 2}

    assert come_back(schema, values) == values


def test_defaults_of_a_deployment_count_more_than_those_of_the_schema():
    schema = {"type": "object", "properties": {"x": {**TEXT, "default": "abc"}}}
    form = build_form(schema, {}, defaults={"x": "xyz"})

    untouched = read_form(schema, posted(shown(form)), defaults={"x": "xyz"})
    changed = read_form(schema, posted(shown(form), p__x="abc"), defaults={"x": "xyz"})

    assert form.fields[0].text == "xyz"
    assert (untouched.values, changed.values) == ({}, {"x": "abc"})


def test_sixty_parameters_are_a_small_page():
    """FORM-6: a form of 60 parameters takes less than 100 kB."""
    kinds = [TEXT, {**WHOLE, "default": 3}, optional(TEXT), {"enum": ["a", "b"], "default": "a"}, {"type": "boolean"}]
    fields = {
        f"parameter_{at}": {**kinds[at % 5], "title": f"parameter_{at}", "description": "Which of them it is to be."}
        for at in range(60)
    }

    assert len(shown(build_form({"type": "object", "properties": fields}))) < 45_000
