"""`/errors/`: failed runs by what went wrong."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.accounts.models import User
from orchestrator.contract.times import now
from runs.models import BulkAction, FlowRun, KnownError
from runs.services.known_errors import mark_known
from tests.factories import make_deployment, make_flow, make_flow_run

pytestmark = pytest.mark.django_db
MESSAGE = "Flow run encountered an exception: KeyError: 'table'"


@pytest.fixture
def read(client):
    return lambda path="/errors/": client.get(path).content.decode()


def fail(message: str = MESSAGE, *, hours_ago: float = 1, **columns) -> FlowRun:
    return make_flow_run("FAILED", message=message, started=now() - timedelta(hours=hours_ago), **columns)


def test_makes_one_group_of_runs_that_failed_in_the_same_way(read):
    """ERR-1: three runs with the same exception are one group; numbers and ids in messages do not split it."""
    flow = make_flow("etl-orders")
    for number in (1841, 7, 990):
        fail(f"Flow run encountered an exception: ValueError: row {number} of 'batch-{number}' is wrong", flow=flow)
    other = fail("Flow run encountered an exception: KeyError: 'table'")

    body = read()

    assert body.count('<tr id="error-') == 2
    assert "row # of ‹› is wrong" in body
    assert "<td>3</td>" in body
    assert f'href="/errors/{other.error_fingerprint}"' in body


def test_looks_only_at_its_stretch_of_time(read):
    fail(hours_ago=24 * 10)

    assert "No run failed" in read()
    assert "KeyError" in read("/errors/?range=30d")


def test_filters_by_text_and_by_what_is_known(read):
    known = fail()
    fail("Flow run encountered an exception: ValueError: no rows")
    mark_known(fingerprint=known.error_fingerprint, note="The shop renames its tables.")

    assert "ValueError" not in read("/errors/?q=keyerr")
    assert "KeyError" not in read("/errors/?known=no")
    assert "ValueError" not in read("/errors/?known=yes")
    assert "No error matches" in read("/errors/?q=nothing-like-this")


def test_sorts_and_pages(read):
    for number in range(30):
        fail(f"Flow run encountered an exception: {'X' * (number + 1)}Error: broken")
    fail("Flow run encountered an exception: XError: broken")

    first = read("/errors/?size=25&sort=count")

    assert first.index("<td>2</td>") < first.index("<td>1</td>")
    assert first.count('<tr id="error-') == 25
    assert "page=2" in first
    assert read("/errors/?size=25&sort=count&page=2").count('<tr id="error-') == 5


def test_asks_a_bounded_number_of_questions(client, django_assert_max_num_queries):
    for number in range(12):
        fail(f"Flow run encountered an exception: {'X' * (number + 1)}Error: broken")

    with django_assert_max_num_queries(8):
        client.get("/errors/")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plan of another depends on how many rows there are")
def test_counts_the_runs_of_each_kind_in_the_index_alone(client):
    fail()

    with CaptureQueriesContext(connection) as queries:
        client.get("/errors/")

    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and "MIN(" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {counts[0]}")
        plan = str(cursor.fetchall())
    assert "COVERING INDEX flow_run_error" in plan


def test_shows_the_runs_and_the_place_of_one_kind(read):
    run = fail(error_frame="/srv/flows.py:45, load", error_source='return d["table"]')

    body = read(f"/errors/{run.error_fingerprint}")

    assert "<h1>KeyError</h1>" in body
    assert "/srv/flows.py:45, load" in body
    assert f'href="/runs/flow-run/{run.id}">{run.name}</a>' in body
    assert f"/runs/?fingerprint={run.error_fingerprint}&amp;range=7d&amp;subflows=1" in body  # those count as well
    trend = read(f"/errors/{run.error_fingerprint}?fragment=trend")
    (stretch,) = set(re.findall(r'<a href="(\?from=[^"]+)"', trend))
    assert run.name in read(f"/errors/{run.error_fingerprint}{stretch.replace('&amp;', '&')}")


def test_shows_a_kind_whose_runs_are_older_than_the_range(read):
    run = fail(hours_ago=24 * 60)

    assert "No run failed so in this stretch of time." in read(f"/errors/{run.error_fingerprint}")


@pytest.mark.parametrize("part", ["trend", "runs"])
def test_serves_each_part_as_it_stands_in_the_page(read, part):
    run = fail()

    assert f'data-part="{part}"' in read(f"/errors/{run.error_fingerprint}?fragment={part}")
    assert read("/errors/?fragment=groups").strip() in read()
    assert 'data-part="groups" data-every="10000"' in read()


def test_asks_a_bounded_number_of_questions_about_one_kind(client, django_assert_max_num_queries):
    runs = [fail() for _ in range(12)]

    with django_assert_max_num_queries(10):
        client.get(f"/errors/{runs[0].error_fingerprint}")


def test_keeps_a_note_and_an_issue(client, read):
    run = fail()
    path = f"/errors/{run.error_fingerprint}"

    answer = client.post(f"{path}/known", {"note": "Ask <ana>.", "issue": "https://issues.example.org/7"}, follow=True)

    body = answer.content.decode()
    assert answer.redirect_chain == [(path, 303)]
    assert "Ask &lt;ana&gt;." in body
    assert 'href="https://issues.example.org/7"' in body
    assert '<span class="tag">known</span>' in read()

    client.post(f"{path}/unknown")
    assert not KnownError.objects.exists()


@pytest.mark.parametrize("issue", ["javascript:alert(1)", "/nowhere", "https://"])
def test_keeps_no_address_that_is_none(client, issue):
    run = fail()

    answer = client.post(f"/errors/{run.error_fingerprint}/known", {"issue": issue}, follow=True)

    assert "Nothing was kept." in answer.content.decode()
    assert not KnownError.objects.exists()


def test_knows_no_other_kinds(client):
    assert client.get("/errors/0123456789abcdef").status_code == 404
    assert client.post("/errors/0123456789abcdef/known", {"note": "x"}).status_code == 404


def test_retries_all_runs_of_the_kind(client, read):
    deployment = make_deployment()
    runs = [fail(flow=deployment.flow, deployment=deployment) for _ in range(3)]
    fail(hours_ago=0.5)  # nobody else can begin it again
    body = read(f"/errors/{runs[0].error_fingerprint}")
    assert "Retry all of them…" in body
    query = f"fingerprint={runs[0].error_fingerprint}&range=7d"
    assert query.replace("&", "&amp;") in body

    asked = client.post("/runs/bulk", {"do": "retry", "all": "1", "query": query})
    client.post("/runs/bulk", {"do": "retry", "all": "1", "query": query, "confirmed": "1"})

    assert "Retry 3 runs" in asked.content.decode()
    assert BulkAction.objects.get().total == 4  # one of them will be passed over


def test_offers_a_viewer_nothing_to_change(client, settings):
    settings.API_AUTH = "required"
    run = fail()
    client.force_login(User.objects.create_user("eve"))

    body = client.get(f"/errors/{run.error_fingerprint}").content.decode()

    assert "Retry all" not in body
    assert "<textarea" not in body
    assert client.post(f"/errors/{run.error_fingerprint}/known", {"note": "x"}).status_code == 403


def test_is_exported(client):
    fail()
    fail()

    text = b"".join(client.get("/errors/?export=csv").streaming_content).decode()

    (row,) = csv.DictReader(StringIO(text))
    assert (row["type"], row["runs"]) == ("KeyError", "2")
