"""The rows of single requests: they do their work on ours, and notice what was not done."""

from __future__ import annotations

import pytest

from benchmarks.databases import SQLITE, Database, database
from benchmarks.driving import requests
from benchmarks.driving.connections import BadAnswer
from benchmarks.driving.requests import so_many, some, wait_for_events
from benchmarks.given.many_runs import many_runs
from benchmarks.limits import bare_count, empty_view
from benchmarks.limits.bare_writes import one_row_a_time
from benchmarks.row import Incorrect
from benchmarks.rows import ROWS
from benchmarks.rows.create import _check as check_created
from benchmarks.rows.logs import _check as check_logs
from benchmarks.rows.set_state import _check as check_states
from benchmarks.sides import Side, ours

ALL = ("filter", "count", "set_state", "create", "logs")  # the first two count what is there


class Answering(Side):
    """A side whose server knows what it is told to."""

    def ask(self, path, body=None, *, method=None):
        answer = self.environment[path.partition("?")[0]]
        return answer(body) if callable(answer) else answer


def side(**answers):
    return Answering(
        "ours", "orchestrator", "python", {path.replace("__", "/"): each for path, each in answers.items()}
    )


@pytest.fixture(autouse=True)
def _without_patience(monkeypatch):
    monkeypatch.setattr(requests, "_SETTLED_SECONDS", 0.0)


def test_notices_runs_that_are_not_in_their_last_state():
    with pytest.raises(Incorrect, match="1 of 2 runs are COMPLETED"):
        check_states(side(__flow_runs__count=1), ["a", "b"])


def test_notices_a_state_that_is_missing_in_the_history():
    told = side(__flow_runs__count=1, __flow_run_states__=[{"name": "Scheduled"}, {"name": "Completed"}])

    with pytest.raises(Incorrect, match="went through"):
        check_states(told, ["a"])


def test_notices_an_event_that_is_missing():
    event = {"event": "prefect.flow-run.Pending", "resource": {"prefect.resource.id": "prefect.flow-run.a"}}

    wait_for_events(side(__events__filter={"events": [event]}), ["a"], ["Pending"])
    with pytest.raises(Incorrect, match="1 of 2 events"):
        wait_for_events(side(__events__filter={"events": [event]}), ["a"], ["Pending", "Running"])


@pytest.mark.parametrize("ids", [["a", "b"], ["a", "a"]])
def test_notices_runs_that_were_not_made(ids):
    with pytest.raises(Incorrect, match="of 2 runs are there"):
        check_created(side(__flow_runs__count=1 if "b" in ids else 2), ids)


def test_notices_lines_that_were_not_stored():
    told = side(__logs__filter=lambda body: [] if body["offset"] else [{"message": "another"}])

    with pytest.raises(Incorrect, match="of 50 lines of a run 0 were stored"):
        check_logs(told, "a", [0])


def test_gives_ours_more_to_do_than_prefect():
    assert so_many(ours(), 5) == 50
    assert so_many(Side("prefect", "prefect", "python"), 5) == 5


def test_looks_at_a_few_from_everywhere():
    assert some([str(number) for number in range(100)]) == [str(number) for number in range(0, 100, 10)]
    assert some(["1", "2"]) == ["1", "2"]


def test_measures_what_the_database_can_do():
    assert one_row_a_time(rows=3)(Database(SQLITE, {}), 2)["requests"] > 0


def test_measures_what_the_server_program_can_do():
    assert empty_view.asked(Database(SQLITE, {}), 2).keys() == {"requests", "p95"}
    assert bare_count.counted(Database(SQLITE, {}), 2).keys() == {"requests", "p95"}


def test_takes_no_wrong_count_for_a_limit(monkeypatch):
    monkeypatch.setattr(bare_count, "TAG", "south")  # and "north" is counted

    with pytest.raises(BadAnswer):
        bare_count.counted(Database(SQLITE, {}), 2)


@pytest.mark.e2e
def test_measures_our_server(monkeypatch):
    monkeypatch.setattr(requests, "_SETTLED_SECONDS", 20.0)
    with database(SQLITE) as place, many_runs(ours(), place) as served:
        for name in ALL:
            sample = ROWS[name].measure(served, 1)

            assert sample.keys() == {figure.name for figure in ROWS[name].figures}
            assert sample["refused"] == 0
