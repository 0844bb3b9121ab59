"""Samples of both sides, and what they come to."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from benchmarks.databases import SQLITE, Database
from benchmarks.measuring import Outcome, measured
from benchmarks.row import Figure, Incorrect, Limit, Row
from benchmarks.sides import CannotMeasure, Side
from benchmarks.stages import nothing

SIDES = [Side("ours", "orchestrator", "python"), Side("prefect", "prefect", "python")]
TIME = Figure("time", "ms", times=10, bound=3, of_limit=2)
RATE = Figure("rate", "1/s", better="more", times=10, bound=3, of_limit=2)


def row(measure, **options):
    return Row("mine", "something", 100, (TIME,), measure, **{"stage": nothing, **options})


def outcome_of(figure, ours, prefect, limit=None):
    samples = {"ours": [{figure.name: ours}], "prefect": [{figure.name: prefect}]}
    if limit is not None:
        samples["limit"] = [{figure.name: limit}]
    return Outcome(Row("mine", "", 1, (figure,), lambda side, items: {}), SQLITE, 1, samples)


def test_takes_turns_and_keeps_every_sample():
    turns = []

    def measure(side, items):
        turns.append((side.name, items))
        return {"time": {"ours": 1.0, "prefect": 20.0}[side.name] + len(turns)}

    outcome = measured(row(measure), SIDES, on=SQLITE, rounds=2, items=7)

    assert turns == [("ours", 7), ("prefect", 7)] * 2
    assert outcome.values("ours", TIME) == [2.0, 4.0]
    assert (outcome.median("ours", TIME), outcome.median("prefect", TIME)) == (3.0, 23.0)
    assert outcome.times_better(TIME) == pytest.approx(23 / 3)


def test_measures_the_limit_in_turn_with_the_sides():
    turns = []

    def limit(place, items):
        turns.append(("limit", items))
        assert place == Database(SQLITE, {})
        return {"time": 1.0}

    def measure(side, items):
        turns.append((side.name, items))
        return {"time": 4.0}

    outcome = measured(row(measure, limit=Limit("bare", limit)), SIDES, on=SQLITE, rounds=2, items=7)

    assert turns == [("ours", 7), ("prefect", 7), ("limit", 7)] * 2
    assert outcome.limit_is_better(TIME) == 4.0


def test_measures_ours_alone_where_there_is_nothing_to_compare():
    outcome = measured(row(lambda side, items: {"time": 2.0}, compared=False), SIDES, on=SQLITE, rounds=2, items=1)

    assert outcome.samples.keys() == {"ours"}
    assert outcome.times_better(TIME) is None


def test_takes_fewer_rounds_where_the_row_says_so():
    outcome = measured(row(lambda side, items: {"time": 2.0}, rounds=1), SIDES, on=SQLITE, rounds=5, items=1)

    assert len(outcome.samples["ours"]) == 1


@pytest.mark.parametrize(
    "error", [Incorrect("half of them"), CannotMeasure("died"), OSError("gone"), ValueError("no JSON")]
)
def test_voids_a_row_of_which_one_sample_is_wrong(error):
    def measure(side, items):
        if side.name == "prefect":
            raise error
        return {"time": 1.0}

    outcome = measured(row(measure), SIDES, on=SQLITE, rounds=3, items=1)

    assert outcome.void == f"{type(error).__name__}: {error}"
    assert outcome.times_better(TIME) is None
    assert outcome.met(TIME) is False
    assert outcome.as_json()["figures"]["time"]["ours"] == [1.0]


def test_voids_a_row_whose_stage_cannot_be_put_up():
    @contextmanager
    def broken(side, place):
        raise CannotMeasure("no server")
        yield side

    outcome = measured(row(lambda side, items: {"time": 1.0}, stage=broken), SIDES, on=SQLITE, rounds=1, items=1)

    assert outcome.void == "CannotMeasure: no server"


@pytest.mark.parametrize(
    ("figure", "ours", "prefect", "limit", "met"),
    [
        (TIME, 2, 20, 1, True),
        (TIME, 2, 19, 1, False),  # 9.5 times better
        (TIME, 4, 40, 2, False),  # above the bound
        (TIME, 3, 30, 1, False),  # three times the limit
        (RATE, 20, 2, 40, True),
        (RATE, 19, 2, 38, False),  # 9.5 times better
        (RATE, 2, 0.1, 4, False),  # below the bound
        (RATE, 20, 2, 41, False),  # more than twice as much would be possible
    ],
)
def test_says_whether_every_goal_is_met(figure, ours, prefect, limit, met):
    assert outcome_of(figure, ours, prefect, limit).met(figure) is met


def test_says_nothing_of_goals_where_there_are_none():
    figure = Figure("bytes", "kB")

    assert outcome_of(figure, 1, 2).met(figure) is None


def test_knows_no_ratio_where_nothing_is_left():
    outcome = outcome_of(TIME, -0.1, 9.0)

    assert outcome.times_better(TIME) is None
    assert outcome.met(TIME) is False
