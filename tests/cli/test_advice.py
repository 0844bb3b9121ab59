"""Commands that the server advises are commands that there are."""

from __future__ import annotations

import ast
from pathlib import Path

import click
import pytest

from orchestrator.cli.commands import orchestrator

ROOT = Path(__file__).resolve().parents[2]


def advised():
    """The literal words of each command that an explanation names, and its options."""
    for file in sorted((ROOT / "deployments" / "services" / "why").glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "command":
                words = [each.value for each in call.args if isinstance(each, ast.Constant)]
                if words:
                    yield pytest.param([str(word) for word in words], id=" ".join(map(str, words)))


@pytest.mark.parametrize("words", list(advised()))
def test_knows_what_an_explanation_advises(words):
    command: click.Command = orchestrator
    options = [word for word in words if word.startswith("--")]
    names = [word for word in words if not word.startswith("--")]

    while isinstance(command, click.Group):
        name = names.pop(0)
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"{command.name} has no command {name}"
        command = found

    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert set(options) <= known
