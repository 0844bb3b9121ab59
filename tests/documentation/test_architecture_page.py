"""The page about the architecture names the rooms of the SDK as tests/test_architecture.py holds them."""

from __future__ import annotations

import re

from tests.documentation.snippets import ROOT
from tests.test_architecture import SDK

ROWS = re.compile(r"^\| Rooms of `orchestrator/sdk/`.*\n\|---\|---\|\n((?:\|.*\n)+)", re.MULTILINE)


def test_names_the_rooms_of_the_sdk_from_the_bottom_up():
    rows = ROWS.search((ROOT / "docs" / "architecture.md").read_text())

    assert rows
    named = [room for row in rows[1].splitlines() for room in re.findall(r"`(\w+)/?`", row.split("|")[1])]
    assert named == SDK[::-1]
