"""What the documentation says about commands is so."""

import re
from pathlib import Path

import click
import pytest

from orchestrator.cli import exits
from orchestrator.cli.commands import orchestrator
from orchestrator.sdk.configuration.settings import SETTINGS
from tests.cli.tree import every_command

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "howto" / "use-the-command-line.md"


def table() -> str:
    """The table of commands, as the page should have it. `python -m tests.cli.test_documentation` puts it there."""
    groups: dict[str, list[str]] = {}
    for (*group, name), _ in every_command():
        groups.setdefault(" ".join(group), []).append(name)
    rows = [f"| {f'`{group}`' if group else ''} | `{'`, `'.join(names)}` |" for group, names in sorted(groups.items())]
    return "\n".join(["| Group | Commands |", "|---|---|", *rows, ""])


def test_lists_every_command():
    assert PAGE.read_text().endswith(table())


def test_tells_every_exit_code():
    codes = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}

    assert {int(code) for code in re.findall(r"^\| (\d) \|", PAGE.read_text(), re.MULTILINE)} == codes


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda page: page.stem,
)
def test_names_only_commands_that_there_are(page):
    called = re.findall(r"(?:^ *\$? ?|`|/)orchestrator +([a-z][^\n`]*)", page.read_text(), re.MULTILINE)

    assert [line for line in called if not leads_to_a_command(line.split())] == []


def leads_to_a_command(words: list[str]) -> bool:
    """Groups may be named alone; what follows a command is its own matter."""
    found: click.Command | None = orchestrator
    for word in words:
        if not isinstance(found, click.Group) or not re.fullmatch("[a-z][a-z-]*", word):
            return True
        found = found.get_command(click.Context(found), word)
        if found is None:
            return False
    return True


def test_tells_the_settings_by_their_real_names():
    named = set(re.findall(r"config set ((?:[A-Z_]+=\S+ ?)+)", PAGE.read_text()))

    for pairs in named:
        for pair in pairs.split():
            assert f"ORCHESTRATOR_{pair.partition('=')[0]}" in SETTINGS


if __name__ == "__main__":
    head, heading, _ = PAGE.read_text().partition("\n## Commands\n\n")
    PAGE.write_text(head + heading + table())
