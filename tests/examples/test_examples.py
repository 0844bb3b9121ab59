"""Every example runs as its reader would run it, only without the waiting."""

from __future__ import annotations

import runpy
import time
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NEED_A_SERVER = {"automations.py", "background_tasks.py", "human_approval.py"}  # each has a test of its own


@pytest.fixture(autouse=True)
def no_server_and_no_waiting(monkeypatch, tmp_path):
    monkeypatch.delenv("ORCHESTRATOR_API_URL", raising=False)
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))  # where results are stored
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@pytest.mark.parametrize("name", sorted({path.name for path in EXAMPLES.glob("*.py")} - NEED_A_SERVER))
def test_runs_as_a_script(name, capsys):
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")

    said = capsys.readouterr().err
    assert "- Finished in state Completed(" in said.rstrip().splitlines()[-1]


@pytest.mark.parametrize("name", ["analysis.py", "concurrent_analysis.py"])
def test_executes_every_step_of_the_analysis(name, capsys):
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")

    said = capsys.readouterr().err
    for task in ("get_number", "add", "multiply", "mean"):
        assert f"Task run '{task}-" in said
