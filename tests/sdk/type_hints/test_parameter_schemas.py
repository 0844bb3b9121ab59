"""The parameters of flows as JSON schemas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypedDict
from uuid import UUID

import pytest

from orchestrator.sdk.type_hints.parameter_schemas import parameter_schema

A_TIME = datetime(2026, 11, 21)  # noqa: DTZ001 - without a zone


class Colour(Enum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


@dataclass
class Point:
    x: int
    y_value: float = 0.5
    names: list[str] = field(default_factory=list)


@dataclass
class Node:
    """Part of a tree."""

    place: Point
    below: list[Node] | None = None


class Options(TypedDict, total=False):
    depth: int


class Pair(NamedTuple):
    left: int
    right: str = "r"


# hint -> its schema
HINTS = [
    (int, {"type": "integer"}),
    (bytes, {"type": "string", "format": "binary"}),
    (date, {"type": "string", "format": "date"}),
    (time, {"type": "string", "format": "time"}),
    (timedelta, {"type": "string", "format": "duration"}),
    (UUID, {"type": "string", "format": "uuid"}),
    (Path, {"type": "string", "format": "path"}),
    (Decimal, {"anyOf": [{"type": "number"}, {"type": "string"}]}),
    (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    (list, {"type": "array", "items": {}}),
    (dict, {"type": "object", "additionalProperties": True}),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
    (
        tuple[int, str],
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
    ),
    (Pair, {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2}),
    (Literal["a"], {"const": "a", "type": "string"}),
    (Literal["a", 1], {"enum": ["a", 1]}),
    (Annotated[int, "how many"], {"type": "integer"}),
    (Any, {}),
    (Callable[..., None], {}),
]


@pytest.mark.parametrize(("hint", "expected"), HINTS)
def test_knows_the_usual_types(hint, expected):
    def function(x): ...

    function.__annotations__ = {"x": hint}

    assert parameter_schema(function)["properties"]["x"] == {"position": 0, "title": "x", **expected}


def test_refers_to_enumerations():
    def function(colour: Colour = Colour.RED, size: Size = Size.SMALL): ...

    schema = parameter_schema(function)

    assert schema["properties"]["colour"] == {
        "position": 0,
        "title": "colour",
        "$ref": "#/definitions/Colour",
        "default": "red",
    }
    assert schema["definitions"] == {
        "Colour": {
            "title": "Colour",
            "description": "What it looks like.",
            "enum": ["red", "blue"],
            "type": "string",
        },
        "Size": {"title": "Size", "enum": [1, 2], "type": "integer"},
    }


def test_refers_to_dataclasses():
    def function(node: Node, point: Point | None = None): ...

    schema = parameter_schema(function)

    assert schema["properties"]["point"]["anyOf"] == [{"$ref": "#/definitions/Point"}, {"type": "null"}]
    assert schema["definitions"]["Point"] == {
        "title": "Point",
        "type": "object",
        "required": ["x"],
        "properties": {
            "x": {"title": "X", "type": "integer"},
            "y_value": {"title": "Y Value", "type": "number", "default": 0.5},
            "names": {"title": "Names", "type": "array", "items": {"type": "string"}},
        },
    }
    node = schema["definitions"]["Node"]
    assert node["description"] == "Part of a tree."
    assert node["properties"]["place"] == {"$ref": "#/definitions/Point"}
    assert node["properties"]["below"]["anyOf"][0] == {"type": "array", "items": {"$ref": "#/definitions/Node"}}


def test_refers_to_typed_dictionaries():
    def function(options: Options): ...

    assert parameter_schema(function)["definitions"]["Options"] == {
        "title": "Options",
        "type": "object",
        "properties": {"depth": {"title": "Depth", "type": "integer"}},
    }


def test_keeps_classes_of_one_name_apart():
    def elsewhere():
        @dataclass
        class Point:
            z: int

        return Point

    def function(one, other): ...

    function.__annotations__ = {"one": Point, "other": elsewhere()}
    schema = parameter_schema(function)

    references = {each["$ref"].rpartition("/")[2] for each in schema["properties"].values()}
    assert references == set(schema["definitions"])
    assert len(references) == 2


def test_keeps_classes_of_one_name_and_place_apart():
    def made(kind):
        return make_dataclass("Point", [("z", kind)])

    def function(one, other, third): ...

    function.__annotations__ = {"one": made(int), "other": made(str), "third": made(float)}
    schema = parameter_schema(function)

    kinds = [_definition(schema, each)["properties"]["z"]["type"] for each in ("one", "other", "third")]
    assert kinds == ["integer", "string", "number"]


def test_keeps_models_of_one_name_apart():
    pydantic = pytest.importorskip("pydantic")

    def made(kind):
        item = pydantic.create_model("Item", value=(kind, ...), parts=(list["Item"], []))  # noqa: F821
        item.model_rebuild(_types_namespace={"Item": item})
        return item, pydantic.create_model("Order", item=(item, ...), before=(item | None, None))

    (_, one), (_, other), (item, third) = made(int), made(str), made(float)

    def function(one, other, third, item, again): ...

    function.__annotations__ = {"one": one, "other": other, "third": third, "item": item, "again": other}
    schema = parameter_schema(function)

    for name, kind in {"one": "integer", "other": "string", "third": "number", "again": "string"}.items():
        properties = _definition(schema, name)["properties"]
        below = properties["item"]["$ref"]
        part = schema["definitions"][below.rpartition("/")[2]]
        assert part["properties"]["value"]["type"] == kind
        assert part["properties"]["parts"]["items"]["$ref"] == below
        assert properties["before"]["anyOf"][0]["$ref"] == below
    assert _definition(schema, "item")["properties"]["value"]["type"] == "number"
    assert len(schema["definitions"]) == 6


def test_keeps_a_model_and_a_dataclass_of_one_name_apart():
    pydantic = pytest.importorskip("pydantic")
    model = type("Point", (pydantic.BaseModel,), {"__annotations__": {"z": str}, "__module__": __name__})
    holder = pydantic.create_model("Holder", point=(model, ...))

    def function(one, other): ...

    function.__annotations__ = {"one": Point, "other": holder}
    schema = parameter_schema(function)

    assert set(_definition(schema, "one")["properties"]) == {"x", "y_value", "names"}
    reference = _definition(schema, "other")["properties"]["point"]["$ref"]
    assert set(schema["definitions"][reference.rpartition("/")[2]]["properties"]) == {"z"}


def _definition(schema, name):
    return schema["definitions"][schema["properties"][name]["$ref"].rpartition("/")[2]]


def test_refers_to_models():
    pydantic = pytest.importorskip("pydantic")

    class Address(pydantic.BaseModel):
        street: str

    class Person(pydantic.BaseModel):
        name: str = pydantic.Field(description="called so")
        address: Address

    def function(person, many, count): ...

    some = Annotated[int, pydantic.Field(ge=1, description="how many")]
    function.__annotations__ = {"person": Person, "many": list[Person], "count": some}
    schema = parameter_schema(function)

    assert schema["properties"]["person"] == {"position": 0, "title": "person", "$ref": "#/definitions/Person"}
    assert schema["properties"]["many"]["items"] == {"$ref": "#/definitions/Person"}
    assert schema["properties"]["count"] == {
        "position": 2,
        "title": "count",
        "type": "integer",
        "minimum": 1,
        "description": "how many",
    }
    assert set(schema["definitions"]) == {"Person", "Address"}
    assert schema["definitions"]["Person"]["properties"]["name"]["description"] == "called so"


def test_writes_defaults_as_json():
    def function(day: datetime = A_TIME, pause: timedelta = timedelta(seconds=90), kind: type = int): ...

    properties = parameter_schema(function)["properties"]

    assert properties["day"]["default"] == "2026-11-21T00:00:00"
    assert properties["pause"]["default"] == "PT1M30S"
    assert "default" not in properties["kind"]


def test_takes_descriptions_from_the_docstring():
    def function(table, limit=3):
        """Load a table.

        Args:
            table: what to load
        """

    properties = parameter_schema(function)["properties"]

    assert properties["table"]["description"] == "what to load"
    assert "description" not in properties["limit"]
