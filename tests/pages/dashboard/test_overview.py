"""The overview: its counters, what needs attention, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.dashboard.overview import deployments, history, run_counts
from orchestrator.pages import shared_parts
from orchestrator.pages.shared_parts import Parts, Versions
from runs.models import FlowRun, HourCount
from runs.models.hour_counts import hour_of
from runs.pages.run_filter import matching_runs
from runs.services.hour_counts import count_hours
from tests.factories import (
    make_deployment,
    make_flow,
    make_flow_run,
    make_task_run,
    make_work_pool,
    make_worker,
)

pytestmark = pytest.mark.django_db

COUNTER = re.compile(
    r'<li><a class="card tone-(\w+)" href="([^"]+)"><span class="badge">.*?</span><strong>(\d+)</strong>', re.S
)


def test_leads_from_each_counter_to_as_many_rows(client):
    """OV-3: all counters equal the row counts of the lists they link to."""
    busy_system()

    counters = {tone: (unescape(url), int(number)) for tone, url, number in COUNTER.findall(page(client))}

    assert set(counters) == {"running", "failed", "late", "paused", "scheduled", "completed"}
    for tone, (url, number) in counters.items():
        path, _, query = url.partition("?")
        assert path == "/runs/"
        assert number == matching_runs(QueryDict(query), now=timezone.now()).count(), tone
        assert client.get(url).status_code == 200
    assert {tone: number for tone, (_, number) in counters.items()} == {
        "running": 2,
        "failed": 3,
        "late": 2,
        "paused": 1,
        "scheduled": 1,
        "completed": 4,
    }


def test_counts_one_tag_alone(client):
    make_flow_run("FAILED", tags=["prod"])
    make_flow_run("FAILED", tags=["test"])
    make_flow_run("RUNNING", tags=["prod"])

    body = page(client, "/?tag=prod")

    counters = {tone: (unescape(url), number) for tone, url, number in COUNTER.findall(body)}
    assert (counters["failed"][1], counters["running"][1]) == ("1", "1")
    assert counters["failed"][0].endswith("&tag=prod")


def test_counts_the_chosen_range_alone(client):
    make_flow_run("FAILED", started=now() - timedelta(hours=3))

    assert "(1 failed) Overview" in page(client)
    assert "<title>Overview · Orchestrator</title>" in page(client, "/?range=1h")


def test_tells_of_a_range_that_does_not_exist(client):
    assert "There is no range fortnight." in page(client, "/?range=fortnight")


@pytest.mark.parametrize("runs", [3, 30])
def test_costs_the_same_however_much_there_is(client, django_assert_max_num_queries, runs):
    busy_system(runs)
    FlowRun.objects.filter(state_type="RUNNING").update(total_run_time=900.0)

    with django_assert_max_num_queries(14):
        answer = client.get("/")

    assert answer.status_code == 200


def test_stays_small(client):
    busy_system(60)

    assert len(page(client)) < 60_000


def test_says_failures_in_its_title_and_its_icon(client):
    """OV-4: favicon and title change when failures > 0."""
    assert "%231d4ed8" in page(client)
    make_flow_run("FAILED")

    body = page(client)

    assert "<title>(1 failed) Overview · Orchestrator</title>" in body
    assert "%23b91c1c" in body
    assert 'data-alarm="1" data-title="(1 failed) Overview · Orchestrator"' in body


def test_shows_the_first_three_commands_of_an_empty_system(client):
    """OV-6: empty system shows the three commands to get going."""
    body = page(client)

    assert "Nothing has run here yet" in body
    steps = body[body.index("first-steps") :]
    assert (
        steps.index("python flows.py") < steps.index("orchestrator deploy") < steps.index("orchestrator worker start")
    )
    make_flow_run("COMPLETED", started=now() - timedelta(days=80))
    assert "Nothing has run here yet" not in page(client)


def test_loads_nothing_but_one_script(client):
    """OV-5: ≤ 3 requests, 0 third-party hosts."""
    body = page(client)

    loaded = re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="([^"]+)"', body)
    assert len([url for url in loaded if not url.startswith(("data:", "#"))]) == 1
    assert not re.search(r'(?:href|src|action)="(?:https?:)?//', body)


def test_is_answered_alone_as_a_fragment(client):
    body = client.get("/?fragment=overview").content.decode()

    assert body.lstrip().startswith('<div id="overview"')
    assert "<html" not in body


def test_shows_pools_and_deployments_and_what_comes(client):
    busy_system()

    body = page(client)

    assert "starving</a>" in body
    assert ">1 online</td>" in body
    assert "etl-eu</a>" in body
    assert f"</span> {FlowRun.objects.filter(deployment__name='etl-eu').newest_first()[0].name}</a>" in body
    assert "1 within the hour" in body
    assert ">2 task runs</a>" in body


def test_escapes_what_flows_say(client):
    make_flow_run("FAILED", flow=make_flow("<script>alert(1)</script>"), message="<img src=x>")

    assert "<script>alert" not in page(client)
    assert "<img src=x" not in page(client)


def busy_system(runs=3):
    deployment = make_deployment(make_flow("etl"), name="etl-eu", pool=make_work_pool("served"))
    make_worker(deployment.work_queue.work_pool)
    starving = make_work_pool("starving")
    for _ in range(4):
        make_flow_run("COMPLETED", deployment=deployment, flow=deployment.flow, started=now() - timedelta(hours=2))
    for _ in range(runs - 1):
        make_flow_run("FAILED", deployment=deployment, flow=deployment.flow, started=now() - timedelta(hours=1))
    make_flow_run("CRASHED", flow=make_flow())
    make_flow_run("FAILED", started=now() - timedelta(hours=30))
    parent = make_flow_run("RUNNING", work_queue=deployment.work_queue)
    make_flow_run("RUNNING", deployment=deployment, flow=deployment.flow, work_queue=deployment.work_queue)
    task = make_task_run("COMPLETED", flow_run=parent)
    make_task_run("FAILED", flow_run=parent)
    make_flow_run("RUNNING", parent_task_run=task)
    make_flow_run("PAUSED")
    for minutes in (40, 5):
        late = State(StateType.SCHEDULED, name="Late", details=at(-minutes))
        make_flow_run(
            late,
            started=now() - timedelta(minutes=minutes),
            work_queue=starving.default_queue,
            next_scheduled_start_time=now() - timedelta(minutes=minutes),
        )
    make_flow_run(State(StateType.SCHEDULED, details=at(20)), started=now() + timedelta(minutes=20))
    make_flow_run(State(StateType.SCHEDULED, details=at(90)), started=now() + timedelta(minutes=90))


def at(minutes):
    return {"scheduled_time": (now() + timedelta(minutes=minutes)).isoformat()}


def page(client, path="/"):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(("range_", "every"), [("1h", 1_000), ("24h", 2_000), ("7d", 5_000), ("30d", 5_000)])
def test_looks_less_often_at_what_costs_more(client, range_, every):
    assert f'data-every="{every}"' in page(client, f"/?range={range_}")


def test_counts_the_newest_runs_of_very_many(client, monkeypatch):
    monkeypatch.setattr(run_counts, "MOST_RUNS", 3)
    for minutes in (10, 20, 30, 40):
        make_flow_run("FAILED" if minutes == 40 else "COMPLETED", started=now() - timedelta(minutes=minutes))
        make_flow_run("COMPLETED", started=now() - timedelta(hours=25, minutes=minutes))

    found = history.read_history(now(), timedelta(days=1), "Last 24 hours")
    body = page(client)

    assert (found.now, found.before) == ({"COMPLETED": 3}, {"COMPLETED": 3})
    assert "<strong>3+</strong>" in body
    assert "was 3+ the time before" in body


@pytest.mark.parametrize("range_", ["24h", "7d", "30d"])
def test_says_the_same_when_the_hours_were_counted_before(client, range_):
    """OV-3: a counter is what the runs say, also where it is added up from hours."""
    for hours in (1, 2.5, 3.5, 23, 24.5, 30, 47, 100, 169, 300, 800):
        for _ in range(2):
            make_flow_run("COMPLETED", started=now() - timedelta(hours=hours))
        make_flow_run("FAILED", started=now() - timedelta(hours=hours))
    counted_now, at = facts_of(page(client, f"/?range={range_}")), now()

    while count_hours():
        pass
    forgotten = [at - timedelta(hours=hours) for hours in (30, 100, 300)]
    HourCount.objects.filter(hour__in=[hour_of(moment) for moment in forgotten]).update(counted_at=None)

    assert facts_of(page(client, f"/?range={range_}")) == counted_now


def facts_of(body):
    """The counters, and the rows of the chart."""
    return (
        COUNTER.findall(body)[-1],
        re.findall(r"was [\d,]+ the time before", body),
        re.findall(r"<title>[^<]*: [^<]*", body),
    )


def test_counts_a_month_of_many_runs_whole(client, monkeypatch):
    """A chart of which the older half is missing would tell of a rise that was none."""
    monkeypatch.setattr(run_counts, "MOST_RUNS", 5)
    for hours in range(4, 24 * 29, 12):
        make_flow_run("COMPLETED", started=now() - timedelta(hours=hours))
    while count_hours():
        pass

    found = history.read_history(now(), timedelta(days=30), "Last 30 days")

    assert (found.now, found.is_capped) == ({"COMPLETED": 58}, False)


def test_looks_up_the_last_runs_of_some_deployments_alone(monkeypatch):
    """Those that fail, and those that ran last."""
    monkeypatch.setattr(deployments, "_READ", 3)
    made = [make_deployment(name=name) for name in ("a", "b", "c", "d", "e")]
    for deployment, hours in zip(made[2:], (3, 1, 2), strict=True):
        make_flow_run("COMPLETED", deployment=deployment, flow=deployment.flow, started=now() - timedelta(hours=hours))

    rows, _ = deployments.deployment_rows(now(), failing={made[1].pk}, beside=())

    assert [row.deployment.name for row in rows] == ["b", "d", "c"]


def test_shows_what_never_ran_after_what_ran(client):
    idle, ran = make_deployment(name="a-idle"), make_deployment(name="z-ran")
    make_flow_run("COMPLETED", deployment=ran, flow=ran.flow)

    rows, _ = deployments.deployment_rows(now(), failing=(), beside=())

    assert [row.deployment for row in rows] == [ran, idle]


@pytest.fixture
def shared(monkeypatch):
    """Parts of pages, shared from now on."""
    versions = Versions()
    monkeypatch.setattr(shared_parts, "versions", versions)
    monkeypatch.setattr(shared_parts, "parts", Parts(versions))
    monkeypatch.setattr(shared_parts, "MOST_SECONDS", 60.0)
    for topic in ("runs", "deployments", "pools", "automations", "limits"):
        versions.watched(topic)
    return shared_parts.parts


def test_is_made_once_for_all_who_look(shared):
    make_flow_run("FAILED")

    first, second = (Client().get("/?fragment=overview").content for _ in range(2))

    assert first == second
    assert shared.made == 1


def test_is_made_for_a_reader_alone_who_left_something_out(shared, django_user_model):
    make_flow_run("FAILED", flow=make_flow("etl"))
    ada, bob = Client(), Client()
    for name, client in (("ada", ada), ("bob", bob)):
        client.force_login(django_user_model.objects.create_user(name, password="x", is_superuser=True))
    mark = re.search(r'<li id="c-(\w+)"', page(ada))[1]
    ada.post("/attention/snooze?for=1h", {"key": mark})

    of_bob, of_ada = (client.get("/?fragment=overview").content.decode() for client in (bob, ada))

    assert "etl failed" in of_bob
    assert "etl failed" not in of_ada
