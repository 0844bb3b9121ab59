"""The examples of shell commands do what they show."""

from __future__ import annotations

import runpy
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_counts_the_words_of_a_listing(tmp_path, monkeypatch):
    monkeypatch.delenv("ORCHESTRATOR_API_URL", raising=False)
    for name in ("one", "two three"):
        (tmp_path / name).touch()

    example = runpy.run_path(str(EXAMPLES / "shell_simple.py"))

    assert example["shell_simple"](str(tmp_path)) == 3


def test_shows_processes_failures_and_retries(monkeypatch):
    monkeypatch.delenv("ORCHESTRATOR_API_URL", raising=False)

    example = runpy.run_path(str(EXAMPLES / "shell_advanced.py"))

    assert example["shell_advanced"]() == ["exit code 3 after 'so far so good'"]
