"""The page about services says what is true."""

from __future__ import annotations

from pathlib import Path

from orchestrator.periodic.registry import all_services

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "run-services.md"


def test_lists_every_service_with_its_pace():
    text = HOWTO.read_text()

    for service in all_services():
        assert f"| `{service.name}` | {service.description} | {service.every_seconds:g} s |" in text
