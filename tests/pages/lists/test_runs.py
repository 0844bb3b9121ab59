"""The list of runs: what it can be filtered and sorted by, and what its rows say."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.pages.filters import terms
from runs.models import FlowRun
from runs.pages import newest, run_counts, run_filter
from runs.pages.run_filter import read_run_filter
from runs.pages.state_chips import is_in_state, word_of
from tests.factories import (
    make_deployment,
    make_flow,
    make_flow_run,
    make_logs,
    make_task_run,
    make_work_pool,
    make_worker,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


def names(response) -> list[str]:
    return re.findall(r'<td class="name"><a href="[^"]+">([^<]+)</a>', response.content.decode())


def row_of(response, name: str) -> str:
    found = re.search(rf'<tr id="[^"]+">(?:(?!</tr>).)*>{name}</a>.*?</tr>', response.content.decode(), re.S)
    assert found, f"no row {name}"
    return found[0]


@pytest.fixture
def listed(client):
    """The names of the runs at an address of the list."""
    return lambda query="": names(client.get("/runs/", QUERY_STRING=query, follow=True))


@pytest.fixture
def some_runs():
    """Four runs that differ in everything one can ask for."""
    eu, us = make_work_pool("docker-eu"), make_work_pool("docker-us")
    etl = make_flow("etl-orders")
    bad = make_flow_run(
        "FAILED",
        name="bad",
        flow=etl,
        deployment=make_deployment(etl, name="etl-eu", pool=eu),
        work_queue=eu.default_queue,
        tags=["prod", "eu"],
        parameters={"region": "eu", "options": {"n": 3}, "dry": True},
        started=now() - timedelta(hours=3),
        seconds=400,
        error_type="KeyError",
        error_message="'table'",
        error_frame="/code/flows.py:88, load",
        flow_version="v2",
    )
    make_logs(bad, "careful", level=30)
    make_logs(bad, "broken", level=40)
    good = make_flow_run(
        "COMPLETED",
        name="good",
        flow=make_flow("hello"),
        work_queue=us.default_queue,
        tags=["prod", "test"],
        parameters={"region": "us"},
        started=now() - timedelta(minutes=50),
        seconds=5,
        created_by={"type": "USER", "display_value": "ana"},
        run_count=3,
    )
    make_flow_run(
        "RUNNING",
        name="busy",
        flow=etl,
        started=now() - timedelta(minutes=20),
        auto_scheduled=True,
        expected_start_time=now() - timedelta(minutes=40),
    )
    make_flow_run(
        State(StateType.SCHEDULED, name="Late"),
        name="late",
        flow=make_flow("nightly, the big"),
        started=now() - timedelta(minutes=12),
    )
    return {"bad": bad, "good": good}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("flow=!etl-*", ["late", "good"]),  # RUNS-6
        ("q=-flow:etl-orders", ["late", "good"]),
        ("q=state:failed,late+-tag:test", ["late", "bad"]),
        ("state=!completed&state=!running", ["late", "bad"]),
        ("tag=prod&tag=eu", ["bad"]),
        ("tag=!test", ["late", "busy", "bad"]),
        ("tag=te*", ["good"]),
        ("flow=%22nightly,+the+big%22", ["late"]),
        ("deployment=etl-*", ["bad"]),
        ("deployment=none", ["late", "busy", "good"]),
        ("pool=docker-eu", ["bad"]),
        ("pool=none", ["late", "busy"]),
        ("queue=default", ["good", "bad"]),
        ("dur=>5m", ["busy", "bad"]),
        ("dur=<1m", ["good"]),
        ("dur=>1m&dur=<10m", ["bad"]),
        ("late=>10m", ["late", "busy"]),
        ("started=<2h", ["busy", "good"]),
        ("started=>2h", ["bad"]),
        ("error=keyerror", ["bad"]),
        ("error=flows.py", ["bad"]),
        ("has=warnings", ["bad"]),
        ("has=errors", ["bad"]),
        ("has=retries", ["good"]),
        ("tries=>2", ["good"]),
        ("by=schedule", ["busy"]),
        ("by=ana", ["good"]),
        ("version=v*", ["bad"]),
        ("param.region=eu", ["bad"]),
        ("param.region=*", ["good", "bad"]),
        ("param.region=!eu", ["late", "busy", "good"]),
        ("param.options.n=3", ["bad"]),
        ("param.dry=true", ["bad"]),
        ("param.no__such=x", []),
        ("parent=none", ["late", "busy", "good", "bad"]),
        ("q=go", ["good"]),
        ("q=-nonsense:x", ["late", "busy", "good", "bad"]),
    ],
)
def test_filters_by_every_term(listed, some_runs, query, expected):
    """RUNS-6: `-flow:x` leaves out, and the other terms of the line."""
    assert listed(query) == expected


@pytest.mark.parametrize(
    ("query", "column"),
    [("flow=ETL-*", "flow_id"), ("deployment=etl-eu", "deployment_id"), ("pool=docker-eu", "work_queue_id")],
)
def test_looks_names_up_before_it_reads_runs(listed, some_runs, query, column):
    """Else every run of the stretch of time is compared by the name of what it belongs to."""
    with CaptureQueriesContext(connection) as asked:
        assert "bad" in listed(query)

    of_runs = [one["sql"] for one in asked if "sort_time" in one["sql"]]
    assert of_runs
    assert all(f'"{column}" IN (' in sql and "LIKE" not in sql.upper() for sql in of_runs)


def test_compares_names_row_by_row_where_very_many_match(listed, some_runs, monkeypatch):
    monkeypatch.setattr(terms, "MOST_NAMED", 0)

    assert listed("flow=ETL-*") == listed("flow=etl-orders") != []
    assert listed("deployment=etl-*") == ["bad"]
    assert listed("deployment=!etl-*") == ["late", "busy", "good"]
    assert listed("tag=eu") == ["bad"]
    assert listed("tag=!test") == ["late", "busy", "bad"]


def test_looks_for_a_common_tag_in_the_runs_themselves(listed, some_runs, monkeypatch):
    monkeypatch.setattr(terms, "MOST_NAMED", 0)
    monkeypatch.setattr(run_filter, "is_common", lambda model, column, tag, *, of: tag == "eu")

    with CaptureQueriesContext(connection) as asked:
        assert listed("tag=eu") == ["bad"]
        assert listed("tag=!eu") == ["late", "busy", "good"]
    of_runs = [one["sql"] for one in asked if "sort_time" in one["sql"]]

    assert not any("runs_flowruntag" in sql for sql in of_runs)
    assert listed("tag=!test") == ["late", "busy", "bad"]


@pytest.mark.parametrize(
    ("query", "every"),
    [
        ("", 1_000),
        ("flow=etl-*", 1_000),
        ("range=all", 1_000),
        ("range=all&state=failed", 10_000),
        ("error=x", 5_000),
        ("q=bad", 5_000),
        ("param.region=eu&range=all", 10_000),
    ],
)
def test_is_read_again_seldom_where_that_costs_much(client, query, every):
    for fragment in ("", "&fragment=runs"):
        assert f'data-part="runs" data-every="{every}"' in client.get(f"/runs/?{query}{fragment}").content.decode()


def test_finds_a_run_by_the_beginning_of_its_identifier(listed, some_runs):
    assert listed(f"id={str(some_runs['bad'].pk)[:30]}") == ["bad"]
    assert listed(f"flow={some_runs['bad'].flow_id}&state=failed") == ["bad"]


def test_answers_the_line_with_the_address_that_says_the_same(client, some_runs):
    """RUNS-2: every filter is in the address."""
    answer = client.get("/runs/?q=state:failed+-tag:test+ba&range=30d&from=&to=")

    assert answer.status_code == 302
    assert answer.url == "/runs/?range=30d&state=failed&tag=!test&q=ba"
    page = client.get(answer.url)
    assert names(page) == ["bad"]
    assert 'value="state:failed -tag:test ba"' in page.content.decode()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a table as small as this one whole")
@pytest.mark.parametrize("word", ["warnings", "errors"])
def test_looks_for_bad_lines_by_their_own_index(rf, word):
    wanted = read_run_filter(rf.get(f"/runs/?has={word}"), now())

    assert "INDEX log_flow_run_bad (flow_run_id=?)" in FlowRun.objects.filter(wanted.q).explain()


def test_shows_what_filters_as_chips(client, some_runs):
    body = client.get("/runs/?state=failed&tag=!test&colour=red").content.decode()

    assert 'state: failed<a href="?tag=!test&amp;colour=red" aria-label="Remove state: failed">' in body
    assert "not tag: test" in body
    assert "Nothing is called “colour” here" in body


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=-duration", ["busy", "bad", "good", "late"]),
        ("sort=duration", ["late", "good", "bad", "busy"]),
        ("sort=started", ["bad", "good", "busy", "late"]),
        ("sort=-late", ["busy", "late", "good", "bad"]),
        ("sort=name", ["bad", "busy", "good", "late"]),
        ("sort=nonsense", ["late", "busy", "good", "bad"]),
    ],
)
def test_sorts(listed, some_runs, query, expected):
    """RUNS-9: by duration, lateness and start."""
    found = listed(query)

    assert found[:2] == expected[:2] if "late" in query else found == expected


@pytest.mark.parametrize("sort", ["-duration", "duration", "-late", "late", "started", "name", "-name"])
def test_turns_pages_of_every_order_without_gaps(client, sort):
    for number in range(60):
        make_flow_run(
            "COMPLETED",
            name=f"n{number:02d}",
            seconds=number % 7,
            expected_start_time=now() - timedelta(hours=1, seconds=number % 5),
            started=now() - timedelta(hours=1),
        )

    first = client.get(f"/runs/?size=25&sort={sort}")
    seen = names(first)
    following = re.search(r'<a href="([^"]+)" rel="next"', first.content.decode())
    while following:
        page = client.get("/runs/" + following[1].replace("&amp;", "&"))
        seen += names(page)
        following = re.search(r'<a href="([^"]+)" rel="next"', page.content.decode())

    assert len(seen) == len(set(seen)) == 60


def test_counts_subflows_that_it_hides(client):
    """RUNS-7: subflows are hidden by default with a toggle, and counted in the header."""
    parent = make_flow_run(name="parent", started=now() - timedelta(minutes=5))
    for number in range(3):
        make_flow_run(name=f"child{number}", parent_task_run=make_task_run(flow_run=parent))

    body = client.get("/runs/").content.decode()

    assert "3 subflows hidden" in body
    assert '<a href="?subflows=1">show them</a>' in body
    assert len(names(client.get("/runs/?subflows=1"))) == 4
    assert len(names(client.get(f"/runs/?parent={parent.pk}"))) == 3
    assert 'All <span class="muted">1</span>' in body


def test_asks_at_most_eight_questions_whatever_its_rows_are(client, some_runs, django_assert_max_num_queries):
    """RUNS-8: at most eight queries, independent of the number of rows."""
    pool = make_work_pool("busy-pool")
    for number in range(12):
        deployment = make_deployment(pool=pool)
        for state in ("COMPLETED", "FAILED", "RUNNING", "PENDING"):
            run = make_flow_run(
                state,
                deployment=deployment,
                flow=deployment.flow,
                work_queue=pool.default_queue,
                tags=["a", "b"],
                started=now() - timedelta(minutes=number + 1),
            )
            make_task_run("RUNNING", flow_run=run)
        late = State(StateType.SCHEDULED, name="Late")
        make_flow_run(late, deployment=deployment, flow=deployment.flow, work_queue=pool.default_queue)

    with django_assert_max_num_queries(MOST_QUERIES):
        response = client.get("/runs/")

    assert len(names(response)) == 50
    with django_assert_max_num_queries(MOST_QUERIES - 1):
        client.get("/runs/?size=100&fragment=runs")


def test_says_what_happened_in_one_line(client, some_runs):
    """RUNS-3: failed rows contain the exception's first line."""
    make_task_run("RUNNING", flow_run=make_flow_run("RUNNING", name="working"), task="train")
    paused = State(StateType.PAUSED, details={"run_input_keyset": {"base": "x"}})
    make_flow_run(paused, name="asking", started=now())

    page = client.get("/runs/")

    assert "KeyError: &#x27;table&#x27; · flows.py:88</td>" in row_of(page, "bad")
    assert re.search(r">train-[0-9a-f]+</td>", row_of(page, "working"))
    assert ">waits for input</td>" in row_of(page, "asking")


def test_says_why_a_late_run_waits_with_a_link(client):
    def late():
        details = {"scheduled_time": format_time(now() - timedelta(hours=1))}
        return State(StateType.SCHEDULED, name="Late", details=details)

    alone, served = make_work_pool("docker eu"), make_work_pool("served")
    paused_pool = make_work_pool("resting", is_paused=True)
    make_worker(served)
    make_flow_run(late(), name="nobody", work_queue=alone.default_queue)
    make_flow_run(late(), name="queueing", work_queue=served.default_queue)
    make_flow_run(late(), name="stopped", work_queue=paused_pool.default_queue)
    resting = make_deployment(name="etl-eu", pool=served, paused=True)
    make_flow_run(late(), name="held", flow=resting.flow, deployment=resting, work_queue=served.default_queue)

    page = client.get("/runs/")

    link = '<a href="/work-pools/work-pool/docker%20eu">docker eu</a>'
    assert f"No worker serves {link}</td>" in row_of(page, "nobody")
    assert "waits for a free worker of" in row_of(page, "queueing")
    assert "The work pool is paused: <a" in row_of(page, "stopped")
    assert f'The deployment is paused: <a href="/deployments/deployment/{resting.pk}">etl-eu</a>' in row_of(
        page, "held"
    )


def test_draws_durations_against_what_is_usual(client):
    deployment = make_deployment()
    for seconds in (8, 10, 12):
        make_flow_run("COMPLETED", flow=deployment.flow, deployment=deployment, seconds=seconds, name=f"s{seconds}")
    make_flow_run("COMPLETED", name="alone", seconds=10)

    page = client.get("/runs/")

    assert '<path d="M0 0h20v8H0"/><title>usually 10 s</title>' in row_of(page, "s10")
    assert "usually" not in row_of(page, "alone")


def test_adds_the_columns_that_are_asked_for(client, some_runs):
    page = client.get("/runs/?cols=pool&cols=param.region&cols=tries&cols=warnings&cols=id&cols=nonsense&cols=")

    body = client.get(page.url).content.decode() if page.status_code == 302 else page.content.decode()
    headings = [f'<th scope="col" class="extra">{words}</th>' for words in ("Work pool", "region", "Tries")]
    assert "".join(headings) in body
    assert '<td class="extra"><a data-term="pool" href=' in body
    assert '<a data-term="param.region" href=' in body
    assert str(some_runs["bad"].pk) in body
    assert '<input type="checkbox" name="cols" value="pool" checked>' in body
    assert '<input type="checkbox" name="cols" value="param.region" checked>' in body


def test_links_values_to_the_list_of_those_that_have_them(client, some_runs):
    row = row_of(client.get("/runs/?range=30d"), "bad")

    assert '<a data-term="flow" href="?range=30d&amp;flow=etl-orders">etl-orders</a>' in row
    assert '<a class="tag" data-term="tag" href="?range=30d&amp;tag=prod">prod</a>' in row
    assert '<a data-term="state" data-value="failed" href="?range=30d&amp;state=failed"><span class="badge' in row


@pytest.mark.parametrize(
    ("type_", "name", "word"),
    [
        ("SCHEDULED", "Late", "late"),
        ("SCHEDULED", "AwaitingRetry", "retrying"),
        ("FAILED", "TimedOut", "failed"),
        ("COMPLETED", "Good enough", "completed"),
        (None, None, ""),
    ],
)
def test_calls_states_what_the_filter_calls_them(type_, name, word):
    assert word_of(type_, name) == word
    assert not word or is_in_state(word, type_, name)


@pytest.mark.parametrize(
    "query", ["error=table&state=failed", "q=old", "param.x=*", "dur=>1s", "by=!x", "sort=-duration"]
)
def test_asks_the_newest_runs_alone_what_no_index_answers_and_says_so(client, listed, monkeypatch, query):
    """A search must not read millions of rows; the reader is told how far it looked, and can go on from there."""
    monkeypatch.setattr(newest, "MOST_LOOKED_AT", 2)
    for number in range(4):
        make_flow_run(
            "FAILED",
            message="KeyError: table",
            name=f"old-{number}",
            started=now() - timedelta(hours=number),
            parameters={"x": 1},
        )

    page = client.get(f"/runs/?{query}")
    further = re.search(r'<a href="([^"]+)">Look further back</a>', page.content.decode())[1].replace("&amp;", "&")

    assert sorted(names(page)) == ["old-0", "old-1"]
    assert sorted(names(client.get(f"/runs/{further}"))) == ["old-2", "old-3"]
    file = json.loads(b"".join(client.get(f"/runs/?{query}&export=json")))
    assert sorted(row["name"] for row in file) == ["old-0", "old-1"]
    assert "Look further back" not in client.get("/runs/?state=failed&tag=!x").content.decode()


def test_looks_at_the_newest_runs_of_the_flow_where_only_one_is_meant(listed, monkeypatch):
    monkeypatch.setattr(newest, "MOST_LOOKED_AT", 2)
    wanted, other = make_flow("rare"), make_flow("often")
    for number in range(4):
        make_flow_run("COMPLETED", flow=other, started=now() - timedelta(minutes=number))
    make_flow_run("COMPLETED", flow=wanted, name="one", started=now() - timedelta(hours=2))

    assert listed("flow=rare&q=one") == ["one"]
    assert listed("flow=*&q=one") == []


def test_draws_bars_that_lead_to_their_span(client, some_runs):
    page = client.get("/runs/?state=failed&range=24h").content.decode()

    link = re.search(r'<figure class="chart bars">.*?<a href="([^"]+)"', page, re.S)[1].replace("&amp;", "&")
    assert "state=failed" in link
    assert "from=" in link
    assert "range" not in link
    assert names(client.get(f"/runs/{link}")) == ["bad"]


def test_exports_all_that_match(client, some_runs):
    csv = b"".join(client.get("/runs/?export=csv&state=!late").streaming_content).decode()
    data = json.loads(b"".join(client.get("/runs/?export=json&flow=etl-*").streaming_content))

    assert len(csv.strip().splitlines()) == 4
    assert [row["name"] for row in data] == ["busy", "bad"]
    assert data[1]["error"] == "KeyError: 'table'"


def test_exports_without_a_question_for_each_run(client, django_assert_max_num_queries):
    for _ in range(20):
        make_flow_run("COMPLETED", deployment=make_deployment())

    with django_assert_max_num_queries(2):
        b"".join(client.get("/runs/?export=json").streaming_content)


def test_offers_three_sizes_of_pages(client):
    for _ in range(30):
        make_flow_run("COMPLETED")

    assert len(names(client.get("/runs/?size=25"))) == 25
    assert '<b aria-current="true">25</b>' in client.get("/runs/?size=25").content.decode()


def test_shows_a_viewer_no_box_to_select_with(client, settings, django_user_model):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("ana"))
    make_flow_run("COMPLETED", name="one")

    body = client.get("/runs/").content.decode()

    assert names(client.get("/runs/")) == ["one"]
    assert 'name="run"' not in body
    assert 'name="do"' not in body


def test_escapes_what_stands_in_the_address_and_in_rows(client):
    make_flow_run("FAILED", name="x", flow=make_flow("<b>&"), tags=["<s>"], parameters={"p": "<u>"})

    body = client.get("/runs/?cols=param.p&flow=*&q=<script>").content.decode()
    body += client.get("/runs/?cols=param.p&cols=<em>&x=<em>").content.decode()

    assert not re.search(r"<(b|s|u|em|script)>(?!\d)", body.split("<main", 1)[1])


@pytest.mark.parametrize("page", ["/runs/", "/runs/tasks/"])
@pytest.mark.parametrize(
    "query",
    [
        "older=sfoo_01a1ff9c-fd27-7028-8a0a-f3cbc91781be",  # a place of another order
        "newer=n1.5_01a1ff9c-fd27-7028-8a0a-f3cbc91781be",
        "older=s_01a1ff9c-fd27-7028-8a0a-f3cbc91781be&sort=-duration",
        "older=i5_5",
        "sort=-&size=x&view=abc&cols=param.&subflows=x",
        "param.=x&param.a..b=c&param.a.0=c&param.%27=c&param.a%22b%5D=c",
        "id=zzzz&tries=99999999999999&dur=>99999d&started=<99w&parent=x&has=x",
        "tag=*&flow=***&version=*&queue=none&fingerprint=x",
        f"version={'*a' * 1500}",
        f"task={'*a' * 1500}&flow={'*a' * 1500}&tag={'*a' * 400}",
        f"param.{'a.' * 400}b=c",
        "&".join(f"param.a{number}={number}" for number in range(100)),
        "from=9998-12-30",
        "from=1971-01-01&to=9000-01-01",
        "q=%22&range=9999w",
        "q=-:",
    ],
)
def test_answers_whatever_stands_in_the_address(client, page, query):
    make_task_run("COMPLETED", flow_run=make_flow_run("COMPLETED"))

    assert client.get(f"{page}?{query}", follow=True).status_code == 200


@pytest.mark.parametrize("page", ["/runs/", "/runs/tasks/"])
def test_offers_the_last_filter_without_applying_it(client, page):
    link = '<a href="?state=failed&amp;tag=!x">back to the last filter</a>'
    assert "back to the last filter" not in client.get(page).content.decode()

    filtered = client.get(f"{page}?state=failed&tag=!x").content.decode()

    assert "back to the last filter" not in filtered
    assert link in client.get(page).content.decode()
    assert link in client.get(f"{page}?range=30d").content.decode()


def test_takes_no_filter_from_a_strange_cookie(client):
    client.cookies["last-runs"] = '"><script>alert(1)</script>'

    assert "<script>alert" not in client.get("/runs/").content.decode()


def test_counts_the_newest_runs_and_says_so(client, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(run_counts, "MOST_COUNTED", 5)
    monkeypatch.setattr(run_counts, "MOST_BESIDE", 5)
    for number in range(8):
        make_flow_run("COMPLETED", started=now() - timedelta(minutes=number))
    for number in range(3):
        make_flow_run("FAILED", started=now() - timedelta(hours=2, minutes=number))

    page = client.get("/runs/").content.decode()
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/runs/")
    with django_assert_max_num_queries(MOST_QUERIES):
        failed = client.get("/runs/?state=failed").content.decode()

    assert 'Completed <span class="muted">5+</span>' in page
    assert 'Failed <span class="muted">3</span>' in page  # which is rare among the newest, so it is counted by itself
    assert "Paused <span" not in page
    assert "are counted" in page
    assert 'Failed <span class="muted">3</span>' in failed
    assert 'all <span id="matching">3</span> that match' in failed
    assert "are counted" not in failed


@pytest.mark.parametrize("page", ["/runs/", "/runs/tasks/"])
def test_counts_few_of_the_states_that_nobody_asked_for(client, monkeypatch, page):
    monkeypatch.setattr(run_counts, "MOST_BESIDE", 3)
    flow = make_flow("etl")
    whole = None if page == "/runs/" else make_flow_run(flow=flow)
    make = partial(make_task_run, flow_run=whole) if whole else partial(make_flow_run, flow=flow)
    for number in range(5):
        make("COMPLETED", started=now() - timedelta(minutes=number))
    for number in range(4):
        make("FAILED", started=now() - timedelta(hours=1, minutes=number))

    failed = client.get(f"{page}?state=failed&flow=etl").content.decode()
    completed = client.get(f"{page}?state=completed&flow=etl").content.decode()

    assert 'Failed <span class="muted">4</span>' in failed
    assert 'Completed <span class="muted">3+</span>' in failed
    assert 'All <span class="muted">4+</span>' in failed  # there are at least those that were asked for
    assert 'Completed <span class="muted">5</span>' in completed
    assert "Failed <span" not in completed  # none is among the newest


def test_tells_of_states_that_are_not_left_out_what_it_counted_of_them(client, monkeypatch):
    monkeypatch.setattr(run_counts, "MOST_BESIDE", 3)
    flow = make_flow("etl")
    for number in range(3):
        make_flow_run("COMPLETED", flow=flow, started=now() - timedelta(minutes=number))
    for number in range(4):
        make_flow_run("FAILED", flow=flow, started=now() - timedelta(hours=1, minutes=number))

    page = client.get("/runs/?state=!completed&flow=etl").content.decode()

    assert 'Failed <span class="muted">4+</span>' in page
    assert 'Completed <span class="muted">3+</span>' in page
