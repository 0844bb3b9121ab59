"""Examples about time limits, retries, caching and subflows."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def example(monkeypatch, tmp_path):
    monkeypatch.delenv("ORCHESTRATOR_API_URL", raising=False)
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    return lambda name: runpy.run_path(str(EXAMPLES / name))


def test_answers_although_a_task_takes_too_long(example):
    assert example("timeouts.py")["answer"]("why") == "yesterday's answer to why"


def test_tries_again_what_is_worth_it(example):
    found = example("retries.py")

    assert found["visit"]() == ["the page at https://example.test"]
    assert found["UNRELIABLE"] == {"failures": 0}


def test_executes_once_for_each_argument(example):
    found = example("caching.py")

    assert found["squares"]() == found["squares"]() == [4, 9, 4, 4]
    assert found["EXECUTED"] == [2, 3]


def test_moves_data_through_subflows(example, tmp_path):
    found = example("etl.py")

    file = found["etl"](directory=tmp_path)

    assert json.loads(file.read_text()) == {"north": -1.125, "south": 8.75}
    assert [task["kind"] for task in found["etl"].model_dump()["tasks"]] == ["flow", "flow", "flow"]
