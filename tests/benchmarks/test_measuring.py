"""Samples of both sides, and what they come to."""

from __future__ import annotations

import pytest

from benchmarks.measuring import Outcome, measured
from benchmarks.rows.row import Incorrect, Row
from benchmarks.sides import CannotMeasure, Side

SIDES = [Side("ours", "orchestrator", "python"), Side("prefect", "prefect", "python")]


def row(measure):
    return Row("mine", "something", "ms", 10, 100, measure)


def test_takes_turns():
    turns = []

    def measure(side, items):
        turns.append((side.name, items))
        return {"ours": 1.0, "prefect": 20.0}[side.name] + len(turns)

    outcome = measured(row(measure), SIDES, rounds=2, items=7)

    assert turns == [("ours", 7), ("prefect", 7)] * 2
    assert outcome.samples == {"ours": [2.0, 4.0], "prefect": [22.0, 24.0]}
    assert (outcome.median("ours"), outcome.median("prefect")) == (3.0, 23.0)
    assert outcome.ratio == pytest.approx(23 / 3)


@pytest.mark.parametrize(
    "error", [Incorrect("half of them"), CannotMeasure("died"), OSError("gone"), ValueError("no JSON")]
)
def test_voids_a_row_of_which_one_sample_is_wrong(error):
    def measure(side, items):
        if side.name == "prefect":
            raise error
        return 1.0

    outcome = measured(row(measure), SIDES, rounds=3, items=1)

    assert outcome.void == f"{type(error).__name__}: {error}"
    assert outcome.ratio is None
    assert outcome.as_json()["samples"] == {"ours": [1.0], "prefect": []}


def test_knows_no_ratio_where_nothing_is_left():
    assert Outcome("import", "", "ms", 20, 1, {"ours": [-0.1], "prefect": [9.0]}).ratio is None
