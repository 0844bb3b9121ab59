"""The list of events."""

import json
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest

from automations.models import Automation
from orchestrator.contract.times import now
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Asset, Event
from orchestrator.events.pages import event_query
from orchestrator.pages.addresses import address_of
from runs.models import ConcurrencyLimit
from runs.services.artifacts import create_artifact
from tests.events.making import an_event, related
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8
RUN = "prefect.flow-run.01a1ff8c-77f1-7c22-8e26-d86c20d2a727"


@pytest.fixture
def listed(client):
    """The names of the events at an address of the list."""

    def names(query: str = "") -> list[str]:
        return re.findall(r'data-event="\d+"[^>]*>([^<]+)</a>', client.get(f"/events/{query}").content.decode())

    return names


def report(name="shop.opened", resource="shop.1", minutes_ago=0.0, **changes):
    made = an_event(name, resource, occurred=(now() - timedelta(minutes=minutes_ago)).isoformat(), **changes)
    ingest([made])
    return Event.objects.get(id=made.id)


@pytest.mark.parametrize("address", ["/events/", "/events"])
def test_it_answers_with_and_without_the_last_slash(client, address):
    assert client.get(address).status_code == 200


def test_it_lists_the_newest_first(listed):
    report("second", minutes_ago=1)
    report("first", minutes_ago=2)

    assert listed() == ["second", "first"]


def test_it_shows_one_line_for_each_event(client):
    """EV-1: at least twenty rows."""
    for number in range(30):
        report(f"shop.event-{number}")

    html = client.get("/events/").content.decode()

    assert html.count('<tr id="e') == 30


def test_it_asks_as_many_questions_for_many_events_as_for_one(client, django_assert_max_num_queries):
    for _ in range(60):
        report(resource=RUN, related=[related("prefect.flow.1", "flow")])

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"/events/?resource={RUN}&q=flow&prefix=shop.&exclude=shop.closed")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?prefix=shop.", ["shop.closed", "shop.opened"]),
        ("?prefix=shop.o,prefect.", ["prefect.flow-run.Failed", "shop.opened"]),
        ("?exclude=shop.&exclude=prefect", []),
        ("?resource=shop.1", ["shop.opened"]),
        ("?resource=shop.*", ["prefect.flow-run.Failed", "shop.closed", "shop.opened"]),
        ("?resource=shop.2,prefect.flow*", ["prefect.flow-run.Failed", "shop.closed"]),
        ("?q=flour", ["shop.closed"]),
        ("?q=-flour&prefix=shop", ["shop.opened"]),
        ("?range=2m", ["prefect.flow-run.Failed", "shop.closed"]),
    ],
)
def test_it_shows_what_the_address_asks_for(listed, query, expected):
    report("shop.opened", "shop.1", minutes_ago=3)
    report("shop.closed", "shop.2", minutes_ago=1, payload={"sold": "flour"})
    report("prefect.flow-run.Failed", RUN, related=[related("shop.2", "shop")])

    assert listed(query) == expected


def test_it_finds_the_events_around_any_object(listed):
    report("about", RUN)
    report("around", "shop.1", related=[related(RUN, "flow-run")])
    report("elsewhere", "shop.1")

    assert set(listed(f"?resource={RUN}")) == {"about", "around"}


def test_it_shows_all_events_of_one_resource_unless_a_range_is_asked_for(listed):
    report("long ago", RUN, minutes_ago=60 * 24 * 40)

    assert listed(f"?resource={RUN}") == ["long ago"]
    assert listed("?resource=prefect.flow-run.*") == listed(f"?resource={RUN}&range=24h") == listed() == []


def test_it_is_led_to_from_the_page_of_every_object(client, listed):
    """EV-2: filter by resource from any object's page."""
    pool, limit = make_work_pool(), ConcurrencyLimit.objects.create(name="limit", limit=1)
    run = make_flow_run("COMPLETED", deployment=make_deployment(pool=pool))
    task = make_task_run("COMPLETED", flow_run=run)
    artifact = create_artifact(columns={"key": "report", "type": "markdown", "data": "words"})
    automation = Automation.objects.create(name="a", trigger={}, actions=[])
    Asset.objects.create(key="s3://lake/orders", mentioned_at=now())
    pages = {
        address_of("flow-run", run.pk): f"prefect.flow-run.{run.pk}",
        address_of("task-run", task.pk): f"prefect.task-run.{task.pk}",
        address_of("flow", run.flow_id): f"prefect.flow.{run.flow_id}",
        address_of("deployment", run.deployment_id): f"prefect.deployment.{run.deployment_id}",
        address_of("work-pool", pool.name): f"prefect.work-pool.{pool.pk}",
        address_of("work-queue", pool.default_queue.pk): f"prefect.work-queue.{pool.default_queue.pk}",
        address_of("concurrency-limit", limit.pk): f"prefect.concurrency-limit.{limit.pk}",
        address_of("artifact", artifact.pk): f"prefect.artifact.{artifact.pk}",
        address_of("automation", automation.pk): f"prefect.automation.{automation.pk}",
        address_of("asset", "s3://lake/orders"): "s3://lake/orders",
    }
    for resource in pages.values():
        report("of it", resource)

    for page, resource in pages.items():
        found = re.search(r'href="/events/(\?resource=[^"]+)"', client.get(page, follow=True).content.decode())
        assert found, page
        assert unquote(found[1]) == f"?resource={resource}"
        assert "of it" in listed(found[1])


def test_it_pages_through_all_events_once(client):
    moment = now().isoformat()
    for number in range(60):
        ingest([an_event(f"event-{number:02}", occurred=moment)])

    seen, address = [], "/events/?size=25"
    while address:
        html = client.get(address).content.decode()
        seen += re.findall(r'data-event="\d+"[^>]*>([^<]+)</a>', html)
        found = re.search(r'href="([^"]+)" rel="next"', html)
        address = f"/events/{found[1].replace('&amp;', '&')}" if found else None

    assert len(seen) == len(set(seen)) == 60


def test_it_shows_what_was_reported_between_the_rows(client):
    opened = report(payload={"sold": "<b>flour</b>"})

    html = client.get(f"/events/?open={opened.pk}").content.decode()

    assert f'<tr id="o{opened.pk}" class="opened">' in html
    assert "&lt;b&gt;flour&lt;/b&gt;" in html
    assert "<b>flour</b>" not in html


def test_it_sends_each_part_alone(client, django_assert_max_num_queries):
    report()

    with django_assert_max_num_queries(2):
        rows = client.get("/events/?fragment=events").content.decode()
    volume = client.get("/events/?fragment=volume").content.decode()

    assert rows.strip().startswith('<section id="events"')
    assert volume.strip().startswith('<section id="volume"')
    assert "<html" not in rows + volume


def test_it_lets_new_events_wait_while_the_newest_are_read(client):
    """EV-3: live insert keeps the reading position."""
    for _ in range(30):
        report()

    first = client.get("/events/?size=25").content.decode()
    second = client.get("/events/?size=25&older=" + re.search(r"older=([^&\"]+)", first)[1]).content.decode()

    assert 'data-live="events" data-every="1000" data-hold' in first
    assert "data-hold" not in second


def test_it_counts_events_and_failures_over_time(client):
    report("prefect.flow-run.Failed", RUN)
    report()

    html = client.get("/events/").content.decode()

    assert "2 events over time" in html
    assert "1 failures" in html or "failures 1" in html


def test_it_looks_for_words_in_the_newest_events_and_says_so(client, monkeypatch, listed):
    monkeypatch.setattr(event_query, "MOST_SEARCHED", 2)
    monkeypatch.setattr("orchestrator.events.pages.event_list.MOST_SEARCHED", 2)
    for minutes_ago in range(5):
        report(payload={"sold": "flour"}, minutes_ago=minutes_ago)

    html = client.get("/events/?q=flour").content.decode()

    assert "Only the newest 2 events of this range were looked through" in html
    assert len(listed("?q=flour")) == 3
    assert len(listed("?resource=shop.*")) == 3
    assert len(listed("?resource=shop.1")) == 3


def test_it_looks_for_names_in_the_newest_events_and_says_so(client, monkeypatch, listed):
    monkeypatch.setattr(event_query, "MOST_SEARCHED", 2)
    monkeypatch.setattr("orchestrator.events.pages.event_list.MOST_SEARCHED", 2)
    report("shop.closed", minutes_ago=9)
    for minutes_ago in range(5):
        report("shop.opened", minutes_ago=minutes_ago)

    html = client.get("/events/?prefix=shop.closed").content.decode()

    assert "Only the newest 2 events of this range were looked through" in html
    assert listed("?prefix=shop.closed") == []
    assert len(listed("?prefix=shop.opened")) == len(listed("?exclude=shop.closed")) == 3
    assert len(listed("")) == 6


def test_it_exports_what_is_filtered(client):
    report("shop.opened", payload={"sold": 1})
    report("other")

    exported = json.loads(b"".join(client.get("/events/?prefix=shop.&export=json").streaming_content))

    assert [(row["event"], row["payload"]) for row in exported] == [("shop.opened", {"sold": 1})]


@pytest.mark.parametrize(
    "query",
    [
        "?range=nonsense",
        "?older=nonsense",
        "?older=sfoo_1",
        "?newer=i5_1",
        "?open=x",
        "?open=²",
        "?sort=x",
        "?q=%22",
        "?resource=*",
    ],
)
def test_it_takes_what_nobody_understands_as_not_asked(client, query):
    report()

    assert client.get(f"/events/{query}").status_code == 200


def test_it_says_why_it_is_empty(client):
    assert "Nothing happened" in client.get("/events/").content.decode()
    assert "No event fits this filter" in client.get("/events/?q=x").content.decode()
