"""Hints that need pydantic."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from orchestrator.sdk.errors import ParameterTypeError
from orchestrator.sdk.type_hints.calls import ParameterTypes
from orchestrator.sdk.type_hints.fitting import fit
from orchestrator.sdk.type_hints.misfits import Misfit
from orchestrator.sdk.type_hints.parameter_schemas import parameter_schema

pydantic = pytest.importorskip("pydantic")


class Address(pydantic.BaseModel):
    street: str
    number: int = 1


class Person(pydantic.BaseModel):
    name: str
    address: Address | None = None


@dataclass
class Order:
    buyer: Person
    lines: list[int]


def test_makes_models_of_dictionaries():
    person = fit({"name": "Ada", "address": {"street": "Main", "number": "3"}}, Person)

    assert person == Person(name="Ada", address=Address(street="Main", number=3))


def test_leaves_a_model_as_it_is():
    person = Person(name="Ada")

    assert fit(person, Person) is person


def test_makes_models_inside_of_other_values():
    assert fit([{"name": "Ada"}], list[Person]) == [Person(name="Ada")]
    assert fit({"buyer": {"name": "Ada"}, "lines": ["1"]}, Order) == Order(Person(name="Ada"), [1])
    assert fit({"name": "Ada"}, Person | None) == Person(name="Ada")


def test_heeds_constraints():
    some = Annotated[int, pydantic.Field(ge=1)]

    assert fit("3", some) == 3
    with pytest.raises(Misfit, match="greater than or equal to 1"):
        fit(0, some)


def test_names_every_field_that_is_wrong():
    with pytest.raises(Misfit) as refused:
        fit({"name": 3, "address": {"number": "x"}}, Person)

    said = str(refused.value)
    assert ".name = 3" in said
    assert ".address.number = 'x'" in said
    assert ".address.street" in said


def test_hides_a_secret_that_is_refused():
    with pytest.raises(Misfit) as refused:
        fit(12345, pydantic.SecretStr)

    assert "12345" not in str(refused.value)


def test_takes_types_beside_that_pydantic_does_not_know():
    class Connection:
        pass

    connection = Connection()

    assert fit(connection, Annotated[Connection, pydantic.Field(description="to what")]) is connection


def test_understands_models_of_pydantic_1():
    from pydantic.v1 import BaseModel

    class Old(BaseModel):
        x: int
        rest: Any = None

    assert fit({"x": "1"}, Old) == Old(x=1)
    with pytest.raises(Misfit, match="x"):
        fit({"x": "?"}, Old)


def test_understands_fields_as_defaults():
    def load(limit: int = pydantic.Field(3, ge=1, description="how many"), table: str = pydantic.Field(...)): ...

    types, signature = ParameterTypes(load, name="flow 'load'"), inspect.signature(load)
    limit, table = (parameter.default for parameter in signature.parameters.values())

    assert types.fit({"limit": limit, "table": "users"}) == {"limit": 3, "table": "users"}
    assert types.fit({"limit": "5", "table": "users"}) == {"limit": 5, "table": "users"}
    with pytest.raises(ParameterTypeError, match=r"limit = 0.*table.*missing"):
        types.fit({"limit": 0, "table": table})


def test_describes_fields_as_defaults():
    def load(table: str = pydantic.Field(...), limit: int = pydantic.Field(3, ge=1, description="how many")): ...

    schema = parameter_schema(load)

    assert schema["required"] == ["table"]
    assert schema["properties"]["limit"] == {
        "position": 1,
        "title": "limit",
        "type": "integer",
        "minimum": 1,
        "default": 3,
        "description": "how many",
    }
