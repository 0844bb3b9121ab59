"""Common tags are looked for in the runs that a list reads, on whichever database."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.rest import asked_rows, common_tags, counts
from tests.factories import make_flow_run, make_task_run

COMMON = {"eu", "daily"}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Which tags are common, and that no filter leaves few runs; and no statement is composed yet."""
    monkeypatch.setattr(common_tags, "is_common", lambda table, column, tag, *, of: tag in COMMON)
    monkeypatch.setattr(counts, "few_of", lambda model: 0)
    monkeypatch.setattr(asked_rows, "_templates", {})


@pytest.fixture
def runs(db):
    make_flow_run("FAILED", name="all", tags=["eu", "daily", "rare"])
    make_flow_run("FAILED", name="daily", tags=["daily"])
    make_flow_run("COMPLETED", name="eu", tags=["eu"])
    make_flow_run("FAILED", name="none")


@pytest.fixture
def names(api, runs):
    """What a search answers; and how often its statements name the table of tags."""

    def search(filter, path="/flow_runs/filter"):
        with CaptureQueriesContext(connection) as asked:
            answer = api.post(path, {"flow_runs": filter, "sort": "NAME_ASC"}).json()
        found = answer if path.endswith("filter") else answer["results"]
        return [run["name"] for run in found], sum(one["sql"].count('"runs_flowruntag"') for one in asked)

    return search


@pytest.mark.parametrize(
    ("tags", "found", "looked_up"),
    [
        (["eu"], ["all", "eu"], 0),
        (["eu", "daily"], ["all"], 0),
        (["rare"], ["all"], 1),
        (["daily", "rare"], ["all"], 1),
        (["eu", "nobody's"], [], 1),
        ([], ["all", "daily", "eu", "none"], 0),
    ],
)
def test_looks_up_rare_tags_alone(names, tags, found, looked_up):
    for _ in range(2):  # composed, and as it was composed
        assert names({"tags": {"all_": tags}}) == (found, looked_up)


def test_tells_a_common_tag_from_another_in_the_same_place(names):
    assert [names({"tags": {"all_": [tag]}}) for tag in ("rare", "eu", "rare", "daily")] == [
        (["all"], 1),
        (["all", "eu"], 0),
        (["all"], 1),
        (["all", "daily"], 0),
    ]


def test_tells_a_common_tag_from_the_same_text_elsewhere(names):
    assert names({"name": {"any_": ["eu", "all"]}, "tags": {"all_": ["eu"]}}) == (["all", "eu"], 0)
    assert names({"name": {"any_": ["all", "daily"]}, "tags": {"all_": ["eu"]}}) == (["all"], 0)


def test_looks_for_any_of_several_in_their_table(names):
    found, looked_up = names({"tags": {"any_": ["eu", "rare"]}})

    assert (found, looked_up > 0) == (["all", "eu"], True)


def test_counts_runs_of_a_common_tag_in_its_table(names, api):
    with CaptureQueriesContext(connection) as asked:
        assert api.post("/flow_runs/count", {"flow_runs": {"tags": {"all_": ["eu"]}}}).json() == 2

    assert any("runs_flowruntag" in one["sql"] for one in asked)
    assert names({"tags": {"all_": ["eu"]}}, "/flow_runs/paginate") == (["all", "eu"], 1)  # its count alone


@pytest.mark.parametrize(
    ("state", "operator", "found", "in_rows"),
    [
        ("COMPLETED", "and_", 1, True),
        ("FAILED", "and_", 1, False),  # as many as there are of a common tag
        ("COMPLETED", "or_", 2, False),
    ],
)
def test_counts_in_the_rows_where_the_rest_leaves_few(api, runs, monkeypatch, state, operator, found, in_rows):
    monkeypatch.setattr(counts, "few_of", lambda model: 3)
    asked_for = {"state": {"type": {"any_": [state]}}, "tags": {"all_": ["eu"]}, "operator": operator}

    for _ in range(2):  # composed, and as it was composed
        with CaptureQueriesContext(connection) as asked:
            assert api.post("/flow_runs/count", {"flow_runs": asked_for}).json() == found

        looked_up = any("runs_flowruntag" in one["sql"] for one in asked)
        assert looked_up is not (in_rows and connection.vendor == "sqlite")


def test_looks_for_common_tags_of_task_runs_too(api):
    make_task_run("FAILED", name="tagged", tags=["eu"])
    make_task_run("FAILED", name="other", tags=["us"])

    with CaptureQueriesContext(connection) as asked:
        found = api.post("/task_runs/filter", {"task_runs": {"tags": {"all_": ["eu"]}}}).json()

    assert [run["name"] for run in found] == ["tagged"]
    assert not any("runs_taskruntag" in one["sql"] for one in asked)
