"""The blocks that every server knows: `Secret`, and the plain values of older flows."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, ClassVar

import pydantic

from orchestrator.sdk.blocks.core import Block


class Secret(Block):
    """A value that nobody sees who is not told it: encrypted on the server, starred in what is printed and logged."""

    _published_checksum: ClassVar[str | None] = (
        "sha256:c078ed9c1e813e224c0b353d7ad4564a11d51d3198d9ac0686478165a1911c78"
    )

    value: pydantic.Secret[Any]

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)  # type checkers would want the value to be hidden already

    def __class_getitem__(cls, _: Any) -> type[Secret]:
        # `Secret[str]` says which type the reader expects.
        return cls

    @pydantic.field_validator("value", mode="before")
    @classmethod
    def _unwrapped(cls, value: Any) -> Any:
        return value.get_secret_value() if hasattr(value, "get_secret_value") else value

    def get(self) -> Any:
        """The value itself. A text that holds a JSON object or list, as pages save them, is given as that."""
        value = self.value.get_secret_value()
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value


class JSON(Block):
    """Anything that JSON can hold. New flows use a variable instead."""

    value: Any


class String(Block):
    """A text. New flows use a variable instead."""

    value: str


class DateTime(Block):
    """A moment. New flows use a variable instead."""

    _block_type_name = "Date Time"

    value: datetime
