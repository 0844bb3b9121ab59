"""The list of task runs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.pages.filters import terms
from runs.pages import newest
from tests.factories import make_flow, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


def names(response) -> list[str]:
    return re.findall(r'<td class="name"><a href="[^"]+">([a-z]+)-[^<]*</a>', response.content.decode())


@pytest.fixture
def some_tasks():
    etl = make_flow_run("FAILED", flow=make_flow("etl"), name="icy-dove")
    hello = make_flow_run("COMPLETED", flow=make_flow("hello"))
    bad = make_task_run(
        "FAILED",
        flow_run=etl,
        task="load",
        started=now() - timedelta(minutes=3),
        seconds=90,
        error_type="KeyError",
        error_message="'x'",
        error_frame="/code/flows.py:8, load",
        run_count=3,
    )
    make_task_run("COMPLETED", flow_run=etl, task="extract", started=now() - timedelta(minutes=2))
    make_task_run(
        State(StateType.COMPLETED, name="Cached"), flow_run=hello, task="say", started=now() - timedelta(minutes=1)
    )
    return bad


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["say", "extract", "load"]),
        ("state=failed", ["load"]),
        ("state=cached", ["say"]),
        ("flow=etl", ["extract", "load"]),
        ("flow=etl&state=failed", ["load"]),
        ("flow=!etl", ["say"]),
        ("task=load", ["load"]),
        ("task=lo*", ["load"]),
        ("run=icy-*", ["extract", "load"]),
        ("tries=>1", ["load"]),
        ("error=keyerror", ["load"]),
        ("dur=>1m", ["load"]),
        ("q=ext", ["extract"]),
        ("sort=-duration&state=!cached", ["load", "extract"]),
        ("sort=-tries", ["load"]),
    ],
)
def test_filters_by_its_address(client, some_tasks, query, expected):
    """TASKS-1: filter by state and flow, and the rest."""
    assert names(client.get("/runs/tasks/", QUERY_STRING=query))[: len(expected)] == expected


def test_looks_up_the_runs_of_a_flow_before_it_reads_tasks(client, monkeypatch):
    """Else every task of the stretch of time is asked for the name of its run's flow."""
    make_task_run("COMPLETED", flow_run=make_flow_run(flow=make_flow("rare")), task="one")
    make_task_run("COMPLETED", flow_run=make_flow_run(flow=make_flow("usual")), task="two")

    with CaptureQueriesContext(connection) as asked:
        assert names(client.get("/runs/tasks/?flow=rare")) == ["one"]
    of_tasks = [one["sql"] for one in asked if "sort_time" in one["sql"]]

    assert of_tasks
    assert all('"flow_run_id" IN (' in sql for sql in of_tasks)
    monkeypatch.setattr(terms, "MOST_NAMED", 0)
    assert names(client.get("/runs/tasks/?flow=rare")) == ["one"]
    assert names(client.get("/runs/tasks/?flow=!rare")) == ["two"]


def test_prefers_the_run_with_the_very_name(client):
    for task, run in (("one", "nightly"), ("two", "Nightly"), ("three", "Weekly")):
        make_task_run("COMPLETED", flow_run=make_flow_run(name=run), task=task)

    assert names(client.get("/runs/tasks/?run=nightly")) == ["one"]
    assert names(client.get("/runs/tasks/?run=weekly")) == ["three"]
    assert sorted(names(client.get("/runs/tasks/?run=*ly"))) == ["one", "three", "two"]


def test_links_to_the_lines_of_the_task(client, some_tasks):
    """TASKS-2: each row links to the log slice of its task."""
    body = client.get("/runs/tasks/?state=failed").content.decode()

    link = re.search(r'<td class="log-link"><a href="([^"#]+)#log"', body)[1].replace("&amp;", "&")
    assert link == f"/runs/flow-run/{some_tasks.flow_run_id}?task={some_tasks.pk}"
    assert client.get(link).status_code == 200
    assert "KeyError: &#x27;x&#x27; · flows.py:8</td>" in body


def test_shows_background_tasks_too(client):
    task = make_task_run("COMPLETED", flow_run=make_flow_run())
    type(task).objects.filter(pk=task.pk).update(flow_run=None)

    assert names(client.get("/runs/tasks/")) == ["task"]
    assert names(client.get("/runs/tasks/?run=none")) == ["task"]
    assert f"/runs/task-run/{task.pk}#log" in client.get("/runs/tasks/").content.decode()


def test_asks_at_most_eight_questions(client, django_assert_max_num_queries):
    for number in range(30):
        make_task_run("COMPLETED", flow_run=make_flow_run(), tags=[f"t{number}"])

    with django_assert_max_num_queries(MOST_QUERIES):
        assert len(names(client.get("/runs/tasks/"))) == 30


def test_serves_the_part_that_changes_as_it_stands_in_the_page(client, some_tasks):
    page = client.get("/runs/tasks/?range=24h").content.decode()
    part = client.get("/runs/tasks/?range=24h&fragment=tasks").content.decode()

    assert part.strip() in page


def test_asks_the_newest_tasks_alone_what_no_index_answers(client, monkeypatch):
    monkeypatch.setattr(newest, "MOST_LOOKED_AT", 2)
    run = make_flow_run("COMPLETED")
    for number, task in enumerate(("fetch", "parse", "store")):
        make_task_run("COMPLETED", flow_run=run, task=task, started=now() - timedelta(minutes=number))

    for query in ("task=*", "sort=tries", "dur=>0s"):
        page = client.get(f"/runs/tasks/?{query}")
        assert sorted(names(page)) == ["fetch", "parse"], query
        assert "Look further back" in page.content.decode()
    assert sorted(names(client.get("/runs/tasks/"))) == ["fetch", "parse", "store"]


def test_exports(client, some_tasks, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        lines = b"".join(client.get("/runs/tasks/?export=csv").streaming_content).decode().splitlines()

    assert len(lines) == 4
    assert lines[0].startswith("id,name,task,state")


def test_says_what_tasks_are_while_there_are_none(client):
    assert "No task has run" in client.get("/runs/tasks/").content.decode()


@pytest.mark.parametrize("address", ["/runs/tasks", "/runs/tasks/"])
def test_answers_with_and_without_the_last_slash(client, address):
    assert client.get(address).status_code == 200
