"""The list of runs as it opens says what the same address would say if its statements were composed for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.sql.compiler import SQLCompiler
from django.test import RequestFactory

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.pages.keyset import USUAL_SIZE
from runs.models import FlowRun
from runs.pages import run_counts
from runs.pages.listed_runs import ListedRuns
from runs.pages.opening_runs import PLANNED, OpeningRuns, count_with_planned, opens_the_list
from runs.pages.run_filter import read_range, read_run_filter
from tests.factories import make_deployment, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


def asked(query: str = "", moment=None):
    """What both are made of."""
    moment = moment or now()
    request = RequestFactory().get(f"/runs/?{query}")
    return request.GET, read_run_filter(request, moment), read_range(request.GET, moment), moment


def both(query: str = "") -> tuple[OpeningRuns, ListedRuns]:
    parts = asked(query)
    assert opens_the_list(*parts[:3])
    return OpeningRuns(*parts), ListedRuns(*parts)


def columns_of(run) -> dict:
    """What was read of a run, and of what it leads to."""
    columns = {name: value for name, value in vars(run).items() if name != "_state"}
    return columns | {name: other and other.name for name, other in run._state.fields_cache.items()}


@pytest.fixture(params=[0, USUAL_SIZE], ids=["one page", "more than one"])
def runs(request) -> None:
    """Of several days, some of one moment; and what the list leaves out."""
    moment = now()
    for number in range(3 + request.param):
        make_flow_run(
            "COMPLETED", name=f"run-{number}", deployment=make_deployment(), started=moment - timedelta(hours=1)
        )
    parent = make_flow_run("RUNNING", name="parent", started=moment - timedelta(days=2))
    make_flow_run("FAILED", name="subflow", parent_task_run=make_task_run(flow_run=parent))
    make_flow_run("COMPLETED", name="too old", started=moment - timedelta(days=8))
    for name, minutes in (("soon", 30), ("later", 120)):
        due = moment + timedelta(minutes=minutes)
        make_flow_run(State(StateType.SCHEDULED, timestamp=due), name=name, started=due)


@pytest.mark.parametrize("query", ["", "range=24h", "range=30d", "from=2020-01-01"])
def test_finds_and_counts_the_same(runs, query):
    opening, listed = both(query)

    assert opening.page() == listed.page()
    assert [columns_of(run) for run in opening.page().rows] == [columns_of(run) for run in listed.page().rows]
    assert opening.count() == listed.count()
    assert opening.looked_back_to == listed.looked_back_to
    assert opening.page().rows


def test_asks_a_question_for_each_and_composes_none_again(runs, django_assert_num_queries, monkeypatch):
    opening, _ = both()
    opening.page(), opening.count()
    monkeypatch.delattr(SQLCompiler, "as_sql")

    with django_assert_num_queries(2):
        assert opening.page().rows
        assert opening.count()


def test_counts_rare_states_by_themselves_where_not_all_runs_are_counted(runs, monkeypatch):
    monkeypatch.setattr(run_counts, "MOST_COUNTED", 3)
    opening, listed = both()
    counts, _ = opening.count()

    found = run_counts.count_each(opening.of_rare_states(counts))

    assert found == run_counts.count_each(listed.of_rare_states(counts))
    assert found["running"] == 1
    assert found["failed"] == 0  # but for a subflow, which the list leaves out


def test_counts_what_is_planned_for_later_in_one_question(runs, django_assert_num_queries):
    moment = now()
    count_with_planned({}, moment)
    rare = {"running": FlowRun.objects.filter(state_type="RUNNING")}

    with django_assert_num_queries(1):
        alone = count_with_planned({}, moment)
    with django_assert_num_queries(1):
        beside = count_with_planned(rare, moment)

    assert alone == {PLANNED: 1}
    assert beside == {PLANNED: 1, "running": 1}


@pytest.mark.parametrize(
    "query",
    [
        "state=failed",
        "q=a",
        "subflows=1",
        "cols=pool",
        "sort=name",
        "size=25",
        "older=t2026_1",
        "range=all",
        "to=2026-01-01",
    ],
)
def test_is_not_meant_for_what_asks_for_more(query):
    assert not opens_the_list(*asked(query)[:3])


def test_is_meant_for_the_part_of_it_that_changes():
    assert opens_the_list(*asked("fragment=runs")[:3])
