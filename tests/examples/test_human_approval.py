from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from orchestrator import PauseRefused
from orchestrator.testing import harness

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "human_approval.py"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.delenv("ORCHESTRATOR_API_URL", raising=False)
    return runpy.run_path(str(EXAMPLE))


def test_publishes_what_was_approved(example):
    with harness(resume_with={"granted": True, "comment": "good"}) as h:
        assert example["publish_if_approved"]() == "published: Everything about boats."

        h.assert_logged("The comment was: good")


def test_publishes_nothing_without_approval(example):
    with harness(resume_with={}):
        assert example["publish_if_approved"]() == "not published"


def test_says_what_is_missing_without_a_server(example):
    with pytest.raises(PauseRefused, match="ORCHESTRATOR_API_URL"):
        example["publish_if_approved"]()
