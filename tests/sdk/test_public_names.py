"""What `orchestrator` offers authors: every name is explained, and a type checker knows what it is."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import orchestrator

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
    told = thing.__doc__ if inspect.isclass(thing) else inspect.getdoc(thing)

    assert told, f"{name} of {orchestrator._PUBLIC[name]} has no docstring"
    assert len(told.split()) >= 3


def test_tells_type_checkers_every_name():
    assert STUB.read_text() == stub(), "write it: python -m tests.sdk.test_public_names"


def test_is_marked_as_typed():
    assert STUB.with_name("py.typed").exists()


if __name__ == "__main__":
    STUB.write_text(stub())
