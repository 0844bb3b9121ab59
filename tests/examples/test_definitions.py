"""Examples about deployments and automations, against the real server in this process."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from automations.models import Automation
from deployments.models import Deployment as Row
from orchestrator import MissingContext
from orchestrator.sdk.api.client import use_client
from tests.in_process import in_process_client

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def server(db):
    with use_client(in_process_client()):
        yield


def test_rebuilds_an_exported_deployment(server, tmp_path):
    example = runpy.run_path(str(EXAMPLES / "deployment_export.py"))

    exported = example["export"](tmp_path / "d.yaml")
    deployment_id = example["rebuild"](tmp_path / "d.yaml").apply()

    row = Row.objects.get(id=deployment_id)
    assert exported == example["rebuild"](tmp_path / "d.yaml")
    assert (row.name, row.parameters, row.tags) == ("every morning", {"city": "Bergen"}, ["example"])
    assert row.entrypoint.endswith("deployment_export.py:report")


def test_makes_an_automation(server):
    example = runpy.run_path(str(EXAMPLES / "automations.py"))

    made = Automation.objects.get(id=example["make"]())

    assert made.name == "inspect what arrives"
    assert Row.objects.get().name == "on arrival"


def test_needs_a_server_for_an_automation(monkeypatch):
    monkeypatch.delenv("ORCHESTRATOR_API_URL", raising=False)

    with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
        runpy.run_path(str(EXAMPLES / "automations.py"))["make"]()
