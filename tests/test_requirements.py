"""What has to be installed is named once, exactly, and with a reason."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LARGE = {"ray"}  # not worth its download to everybody who runs the tests


def of_everybody() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def of_some() -> list[str]:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return [line for lines in extras.values() for line in lines]


@pytest.mark.parametrize("line", sorted({*of_everybody(), *of_some()}))
def test_is_installed_as_it_is_pinned(line):
    wanted = Requirement(line)

    try:
        installed = version(wanted.name)
    except PackageNotFoundError:
        installed = None
        if wanted.name in LARGE:
            pytest.skip(f"{wanted.name} is installed only where it is wanted")

    assert [(each.operator, each.version) for each in wanted.specifier] == [("==", installed)]


def test_names_each_library_once():
    names = [canonicalize_name(Requirement(line).name) for line in of_everybody()]

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("line", sorted({*of_everybody(), *of_some()}))
def test_says_why_it_is_needed(line):
    rows = re.findall(r"^\| (.+?) \|", (ROOT / "docs" / "libraries.md").read_text(), re.MULTILINE)

    explained = {in_short(name) for row in rows for name in row.partition("(")[0].split(",")}

    assert in_short(Requirement(line).name) in explained


def in_short(name: str) -> str:
    """`Django REST framework` and `djangorestframework` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
