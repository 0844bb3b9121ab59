"""Whether the comparison of API descriptions sees what there is to see, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.differences import compare

TEXT, NUMBER, NOTHING = {"type": "string"}, {"type": "number"}, {"type": "null"}


def body(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def document(sent: Any = None, answered: Any = None, *, status: str = "200", **more: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {"responses": {status: {}}, "parameters": [], **more}
    if sent is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": sent}}}
    if answered is not None:
        operation["responses"][status]["content"] = {"application/json": {"schema": answered}}
    return {"paths": {"/things/": {"post": operation}}}


@pytest.mark.parametrize(
    ("ours", "reference", "difference"),
    [
        (TEXT, NUMBER, "request.a: we say string, reference says number"),
        (TEXT, {"anyOf": [TEXT, NOTHING]}, "request.a: we say string, reference says null|string"),
        ({**TEXT, "maxLength": 5}, TEXT, "request.a maxLength: we say 5, reference says None"),
        ({**TEXT, "default": "x"}, {**TEXT, "default": "y"}, "request.a default: we say 'x', reference says 'y'"),
        (
            {"enum": ["a", "b"]},
            {"enum": ["b", "c"]},
            "request.a: we say one of a, b, reference says one of b, c",
        ),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": NUMBER},
         "request.a[]: we say string, reference says number"),
        (body(b=TEXT), body(b=NUMBER), "request.a.b: we say string, reference says number"),
        (body(), body(b=NUMBER), "request.a.b: we do not have it"),
        (body(b=TEXT), body(), "request.a.b: only we have it"),
        ({"type": "object", "additionalProperties": TEXT}, {"type": "object", "additionalProperties": NUMBER},
         "request.a.*: we say string, reference says number"),
    ],
)  # fmt: skip
def test_tells_what_differs_in_a_body(ours, reference, difference):
    found = list(compare(document(body(a=ours)), document(body(a=reference))))

    assert found == [f"POST /things/ {difference}"]


@pytest.mark.parametrize(
    ("ours", "reference"),
    [
        ({**TEXT, "title": "A"}, {**TEXT, "description": "the same"}),
        ({"anyOf": [NOTHING, TEXT]}, {"type": ["string", "null"]}),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["b", "a"]}),
        ({"anyOf": [{"type": "integer"}, NUMBER]}, NUMBER),
        ({"anyOf": [{}, NOTHING]}, {}),
        ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 1.0}),
        ({"type": "array", "items": TEXT, "default": []}, {"type": "array", "items": TEXT}),
        ({"type": "integer", "maximum": 2**31 - 1}, {"type": "integer"}),  # what a column holds
    ],
)
def test_takes_the_same_for_the_same(ours, reference):
    assert list(compare(document(body(a=ours)), document(body(a=reference)))) == []


def test_follows_references_and_stops_where_they_turn_in_a_circle():
    tree = body(left={"$ref": "#/components/schemas/Tree"}, value=TEXT)
    other = body(left={"$ref": "#/components/schemas/Node"}, value=NUMBER)
    ours = {**document({"$ref": "#/components/schemas/Tree"}), "components": {"schemas": {"Tree": tree}}}
    reference = {**document({"$ref": "#/components/schemas/Node"}), "components": {"schemas": {"Node": other}}}

    assert list(compare(ours, reference)) == ["POST /things/ request.value: we say string, reference says number"]


def test_takes_null_for_absence_among_keys_that_stand_beside_each_other():
    envelope = {"type": "object", "properties": {"a": {"anyOf": [TEXT, NOTHING]}}}
    reference = {
        **document({"$ref": "#/components/schemas/Body_read_things"}),
        "components": {"schemas": {"Body_read_things": envelope}},
    }

    assert list(compare(document({"type": "object", "properties": {"a": TEXT}}), reference)) == []


def test_tells_what_differs_around_the_bodies():
    id = {"name": "id", "in": "query", "required": True, "schema": TEXT}
    ours, reference = document(body(), status="201"), document(answered=TEXT, parameters=[id])

    assert list(compare(ours, reference)) == [
        "POST /things/ query id: we do not have it",
        "POST /things/ request: we say a body that must be there, reference says no body",
        "POST /things/ answers: we say 201, reference says 200",
    ]


def test_does_not_ask_answers_for_limits():
    ours, reference = document(answered={**TEXT, "maxLength": 5}), document(answered=TEXT)

    assert list(compare(ours, reference)) == []


def test_tells_of_operations_that_only_one_has():
    empty = {"paths": {}}

    assert list(compare(empty, document())) == ["POST /things/: we do not have it"]
    assert list(compare(document(), empty)) == ["POST /things/: only we have it"]
