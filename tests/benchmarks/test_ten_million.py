"""The questions to a large database are asked of one that is filled, and wrong answers are noticed."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from benchmarks.databases import SQLITE, Database
from benchmarks.row import Incorrect
from benchmarks.rows import ten_million

TOLD = {
    "since_day": "2026-03-28T12:00:00.000000Z",
    "since_week": "2026-03-22T12:00:00.000000Z",
    "until": "2026-03-29T12:00:00.000000Z",
    "failed_of_week": {"team-0": 3, "team-1": 250},
    "runs": {"COMPLETED": 10, "FAILED": 2},
    "top_level_of_day": {"COMPLETED": 1_234},
    "many_tasks": ["a", "b"],
}
AS_MANY = [question.as_many for question in ten_million.QUESTIONS if question.as_many is not None]
QUESTIONS = {question.name: question for question in [*ten_million.QUESTIONS, *AS_MANY]}


def failed_run(**more):
    return {"state_type": "FAILED", "tags": ["team-0"], "start_time": "2026-03-25T12:00:00.000000Z", **more}


@pytest.mark.parametrize(
    ("name", "number", "answer", "is_right"),
    [
        ("count of all flow runs", 0, 12, True),
        ("count of all flow runs", 0, 11, False),
        ("count of a filter", 1, 250, True),
        ("filter", 2, [failed_run()] * 3, True),
        ("filter", 2, [failed_run()] * 2, False),
        ("filter", 2, [*[failed_run()] * 2, failed_run(tags=["team-1"])], False),
        ("filter", 2, [*[failed_run()] * 2, failed_run(state_type="COMPLETED")], False),
        ("filter", 2, [*[failed_run()] * 2, failed_run(start_time="2026-03-26T12:00:00.000000Z")], False),  # the order
        ("filter, as many", 0, [{"state_type": "COMPLETED"}] * 10, True),
        ("filter, as many", 0, [{"state_type": "COMPLETED"}] * 9, False),
        ("filter, as many", 0, [*[{"state_type": "COMPLETED"}] * 9, failed_run()], False),
        ("runs page, as many", 0, '<section data-matching="2">', True),
        ("runs page, as many", 0, '<section data-matching="3">', False),
        ("dashboard", 0, '<span class="word">Completed</span>\n<span>1,234</span>', True),
        ("dashboard", 0, "<span>Completed</span>\n<span>1,235</span>", False),
        ("runs page", 1, '<section data-matching="250">', True),
        ("runs page", 0, '<section data-matching="10,000+">', False),
    ],
)
def test_knows_the_right_answer(name, number, answer, is_right):
    found, right = QUESTIONS[name].wanted(TOLD, number, answer)

    assert (found == right) is is_right


def test_takes_no_time_of_a_wrong_answer(monkeypatch):
    monkeypatch.setattr(ten_million._Server, "_sign_in", lambda self, password: None)
    server = ten_million._Server(SimpleNamespace(api_url="http://127.0.0.1:1/api"), None, TOLD, "secret")
    monkeypatch.setattr(server, "_send", lambda *asked: "13")

    with pytest.raises(Incorrect, match="count of all flow runs: 13 instead of 12"):
        server.ask(QUESTIONS["count of all flow runs"], 0)


def test_connects_to_neither_before_both_are_filled(monkeypatch):
    happened = []
    filled = SimpleNamespace(library="orchestrator", run=lambda *asked, **_: happened.append(asked[1]) or "{}")
    monkeypatch.setattr(ten_million, "home_of", lambda *_: nullcontext(filled))
    monkeypatch.setattr(ten_million, "running", lambda *_: nullcontext(filled))
    monkeypatch.setattr(ten_million, "_Server", lambda *_: happened.append("connected"))
    monkeypatch.setattr(ten_million, "wait_until_it_rests", lambda _: happened.append("at rest"))
    servers = ten_million.Servers()

    with servers.stage(filled, Database(SQLITE, {})):
        servers.put_up(filled, 10_000)

    assert happened == [*["benchmarks.filling", "orchestrator"] * 2, "connected", "connected", "at rest", "at rest"]


def test_has_a_figure_for_all_that_it_measures():
    names = [figure.name for figure in ten_million.ROW.figures]

    assert len(set(names)) == len(names) == 3 * len(ten_million.QUESTIONS) + len(AS_MANY)
