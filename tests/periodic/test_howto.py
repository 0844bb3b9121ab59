"""What the documents say about services is true."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.contract.services import SERVICES
from orchestrator.periodic.registry import all_services

DOCS = Path(__file__).parents[2] / "docs"
HOWTO = DOCS / "howto" / "run-services.md"


def test_lists_every_service_with_its_pace():
    text = HOWTO.read_text()

    for service in all_services():
        assert f"| `{service.name}` | {service.description} | {service.every_seconds:g} s |" in text


def test_says_what_each_service_goes_by():
    table = (DOCS / "architecture.md").read_text().partition("| Service | What it goes by |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(SERVICES)
