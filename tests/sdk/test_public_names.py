"""What `orchestrator` offers authors: every name is explained, and a type checker knows what it is."""

from __future__ import annotations

import inspect
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import orchestrator
from orchestrator.sdk.both_ways import BothWays, both_ways

STUB = Path(orchestrator.__file__).with_suffix(".pyi")


def stub() -> str:
    """`orchestrator/__init__.pyi`, as it should be. `python -m tests.sdk.test_public_names` writes it."""
    lines = [
        "# ruff: noqa: I001",
        '"""What type checkers see of the names that are loaded on first use (tests/sdk/test_public_names.py)."""',
        "",
        *(imported(name, module) for name, module in orchestrator._PUBLIC.items()),
        "",
        "__version__: str",
        "",
    ]
    return "\n".join(lines)


def imported(name: str, module: str) -> str:
    line = f"from {module} import {name} as {name}"
    return line if len(line) <= 120 else f"from {module} import (\n    {name} as {name},\n)"


@pytest.mark.parametrize("name", sorted(orchestrator._PUBLIC))
def test_explains_every_name(name):
    thing = getattr(orchestrator, name)
    words = thing.__doc__ if inspect.isclass(thing) else inspect.getdoc(thing)

    assert words, f"{name} of {orchestrator._PUBLIC[name]} has no docstring"
    assert len(words.split()) >= 3
    if inspect.isclass(thing):
        assert unexplained(thing) == []


def test_notices_methods_and_properties_that_nobody_explains():
    class Base:
        def told(self):
            """It is told."""

        @property
        def seen(self):
            return 1

    class Thing(Base):
        def told(self):
            return 2

        @classmethod
        def made(cls):
            return cls()

        @both_ways
        def asked(self):
            return 3

        def _own(self):
            return 4

    Base.__module__ = Thing.__module__ = "orchestrator.things"

    assert unexplained(Thing) == ["asked", "made", "seen"]


def unexplained(thing: type) -> list[str]:
    """The public methods and properties that neither the class nor one of its bases explains, libraries' left out."""
    ours = {
        name
        for base in thing.__mro__
        if base.__module__.partition(".")[0] == "orchestrator"
        for name, member in vars(base).items()
        if not name.startswith("_") and is_asked(member)
    }
    return sorted(
        name for name in ours if not any(told(vars(base)[name]) for base in thing.__mro__ if name in vars(base))
    )


def is_asked(member: Any) -> bool:
    return isinstance(member, (FunctionType, classmethod, staticmethod, property, cached_property, BothWays))


def told(member: Any) -> str | None:
    return member.__doc__ if is_asked(member) else None


def test_tells_type_checkers_every_name():
    assert STUB.read_text() == stub(), "write it: python -m tests.sdk.test_public_names"


def test_is_marked_as_typed():
    assert STUB.with_name("py.typed").exists()


if __name__ == "__main__":
    STUB.write_text(stub())
