from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pydantic
import pytest
from pydantic import Field, SecretStr

from orchestrator import Block, SecretDict


class Colour(Enum):
    red = "red"
    blue = "blue"


class Plain(pydantic.BaseModel):
    """Plain doc."""

    a: int = 1
    s: SecretStr | None = None


class Inner(Block):
    """The inside.

    Attributes:
        host: the host
    """

    host: str
    password: SecretStr | None = None
    mode: Colour = Colour.red


class Other(Block):
    _block_type_name = "Another's Unusual 2_name"

    q: pydantic.Secret[str]


class Outer(Block):
    """Outer text."""

    title: str
    inner: Inner
    either: Inner | Other | None = None
    many: list[Inner] = Field(default_factory=list)
    numbers: list[int] = Field(default_factory=list, description="numbers é")
    credentials: SecretDict = Field(default_factory=lambda: SecretDict({}))
    plain: Plain = Field(default_factory=Plain)
    schema_: str = Field(default="x", alias="schema")
    kind: Literal["a", "b"] = "a"
    anything: Any = None


class Empty(Block):
    x: int


@pytest.mark.parametrize(
    ("block", "checksum"),
    [
        (Inner, "sha256:0f13bf49bcb9a18d211dbe8abb792353ba83f85ae6412d76a4276148108971b3"),
        (Other, "sha256:364cea57bf31d025c79cc3c1c7f243764bb683cbc188ab58ba687a00abd52250"),
        (Outer, "sha256:0adb5ee05746004549988dd2295f0d97a32148f3a31885e1d1de61ec7cfa81e6"),
        (Empty, "sha256:ff4fea26e9d06f28b03067a32d968f45122b601e63e5e1b57023ba8749830a26"),
    ],
)
def test_has_the_checksum_that_other_clients_compute(block: type[Block], checksum: str) -> None:
    assert block.checksum() == checksum


def test_names_where_secrets_are() -> None:
    assert Outer.model_json_schema()["secret_fields"] == [
        "inner.password",
        "either.password",
        "either.q",
        "many.password",
        "credentials.*",
        "plain.s",
    ]


def test_names_the_blocks_inside() -> None:
    inner = {"block_type_slug": "inner", "block_schema_checksum": Inner.checksum()}
    other = {"block_type_slug": "another-s-unusual-2-name", "block_schema_checksum": Other.checksum()}

    assert Outer.model_json_schema()["block_schema_references"] == {
        "inner": inner,
        "either": [inner, other],
        "many": inner,
    }


def test_describes_a_block_by_its_docstring_without_the_sections() -> None:
    assert Inner.model_json_schema()["description"] == "The inside."
    assert "description" not in Empty.model_json_schema()


def test_numbers_the_fields() -> None:
    properties = Outer.model_json_schema()["properties"]

    assert [properties[name]["position"] for name in ("title", "inner", "schema")] == [0, 1, 7]
