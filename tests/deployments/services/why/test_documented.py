"""The how-to names every code that there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
CODES = re.compile(r'(?:Cause\(\s*|_full\(|code(?:, life)? = )"([a-z_]+)"')
BY_CONDITION = {"claim_lost", "claimed", "paused", "suspended"}  # chosen between two


def test_names_every_code():
    files = (ROOT / "deployments" / "services" / "why").glob("*.py")
    made = {code for file in files for code in CODES.findall(file.read_text())} | BY_CONDITION
    page = (ROOT / "docs" / "howto" / "why-isnt-it-running.md").read_text()
    named = set(re.findall(r"`([a-z_]+)`", page))

    assert made - named - {"no_state"} == set()
    assert {code for code in named if "_" in code} - made == set()
