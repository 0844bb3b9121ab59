"""The table, and the raw data."""

from __future__ import annotations

import json

from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.measuring import Outcome
from benchmarks.row import Figure, Row
from benchmarks.sides import ours
from benchmarks.telling import header, keep, table

HEAD = {
    "date": "2026-01-01T00:00:00+00:00",
    "machine": "a machine",
    "load": [0.1, 0.1, 0.1],
    "rounds": 3,
    "versions": {"ours": {"python": "3.11"}, "prefect": {"prefect": "3.8.8"}},
}
TASK = Row("task", "tasks", 500, (Figure("time", "ms", times=10), Figure("size", "kB")), lambda side, items: {})
RATE = Row("create", "runs", 500, (Figure("rate", "1/s", better="more", times=8, of_limit=4),), lambda side, items: {})


def samples(name, *values):
    return [{name: value} for value in values]


def good():
    taken = {"ours": samples("time", 1.0, 3.0, 2.0), "prefect": samples("time", 20.0, 30.0, 10.0)}
    return Outcome(TASK, SQLITE, 500, taken)


def void():
    return Outcome(TASK, POSTGRESQL, 500, {"ours": samples("time", 1.0), "prefect": []}, "Incorrect: half of them")


def test_shows_medians_with_the_least_and_the_greatest():
    shown = table([good()], HEAD)

    assert "| task | SQLite | time, ms | 2 (1–3) | 20 (10–30) | 10.0× | – | ≥ 10× | yes |" in shown
    assert "| task | SQLite | size, kB | – | – | – | – | – | **no** |" in shown
    assert "a machine, load 0.1 at the beginning, 3 rounds" in shown
    assert "prefect: prefect 3.8.8" in shown


def test_shows_what_is_possible_and_what_was_not_reached():
    taken = {"ours": samples("rate", 300.0), "prefect": samples("rate", 50.0), "limit": samples("rate", 2000.0)}

    shown = table([Outcome(RATE, SQLITE, 500, taken)], HEAD)

    assert (
        "| create | SQLite | rate, 1/s | 300 (300–300) | 50 (50–50) | 6.0× | 2,000 | "
        "≥ 8×, ≤ 4× of the limit | **no** |" in shown
    )


def test_shows_no_figures_of_a_void_row():
    shown = table([good(), void()], HEAD)

    assert "| task | PostgreSQL | time, ms | void | void | – | – | ≥ 10× | **no** |" in shown
    assert shown.endswith("void: task on PostgreSQL: Incorrect: half of them")


def test_keeps_every_sample(tmp_path):
    file = keep([good(), void()], HEAD, directory=tmp_path / "results")

    kept = json.loads(file.read_text())
    assert file.name == "2026-01-01T000000Z.json"
    assert kept["machine"] == "a machine"
    assert [each["figures"]["time"]["ours"] for each in kept["rows"]] == [[1.0, 3.0, 2.0], [1.0]]
    assert kept["rows"][0]["figures"]["time"]["times_better"] == 10.0
    assert kept["rows"][1]["void"] == "Incorrect: half of them"


def test_says_where_and_of_what_the_figures_are():
    head = header([ours()], rounds=2)

    assert head["versions"]["ours"].keys() - {"commit"} == {"orchestrator", "python", "django", "celery"}
    assert "cores" in head["machine"]
