"""The table, and the raw data."""

from __future__ import annotations

import json

from benchmarks.measuring import Outcome
from benchmarks.sides import ours
from benchmarks.telling import header, keep, table

HEAD = {
    "date": "2026-01-01T00:00:00+00:00",
    "machine": "a machine",
    "load": [0.1, 0.1, 0.1],
    "rounds": 3,
    "versions": {"ours": {"python": "3.11"}, "prefect": {"prefect": "3.8.8"}},
}
GOOD = Outcome("task", "tasks", "ms", 10, 500, {"ours": [1.0, 3.0, 2.0], "prefect": [20.0, 30.0, 10.0]})
VOID = Outcome("map", "mapped", "ms", 10, 500, {"ours": [1.0], "prefect": []}, "Incorrect: half of them")


def test_shows_medians_with_the_least_and_the_greatest():
    shown = table([GOOD], HEAD)

    assert "| task | 500 × tasks | 2.00 (1.00–3.00) ms | 20.00 (10.00–30.00) ms | 10.0× | ≥ 10× |" in shown
    assert "a machine, load 0.1 at the beginning, 3 rounds" in shown
    assert "prefect: prefect 3.8.8" in shown


def test_shows_no_figures_of_a_void_row():
    shown = table([GOOD, VOID], HEAD)

    assert "| map | mapped | void | void | – | ≥ 10× |" in shown
    assert shown.endswith("void: map: Incorrect: half of them")


def test_keeps_every_sample(tmp_path):
    file = keep([GOOD, VOID], HEAD, directory=tmp_path / "results")

    kept = json.loads(file.read_text())
    assert file.name == "2026-01-01T000000Z-task-map.json"
    assert kept["machine"] == "a machine"
    assert [each["samples"]["ours"] for each in kept["rows"]] == [[1.0, 3.0, 2.0], [1.0]]
    assert kept["rows"][1]["void"] == "Incorrect: half of them"


def test_says_where_and_of_what_the_figures_are():
    head = header([ours()], rounds=2)

    assert head["versions"]["ours"].keys() == {"orchestrator", "python", "django", "celery"}
    assert "cores" in head["machine"]
