"""The list of deployments."""

import re
from datetime import timedelta

import pytest

from deployments.models import Deployment, DeploymentSchedule, WorkQueue
from deployments.services.deployments import pause_deployment
from orchestrator.contract.times import now
from tests.factories import make_deployment, make_flow, make_flow_run, make_work_pool, make_worker
from tests.pages.markup import without_style

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


@pytest.fixture
def pool():
    pool = make_work_pool("cluster")
    make_worker(pool)
    return pool


def names(response) -> list[str]:
    return re.findall(r'<td class="name"><a href="[^"]+">([^<]+)</a>', response.content.decode())


def test_says_what_to_do_when_there_is_none(client):
    page = client.get("/deployments/").content.decode()

    assert "orchestrator deploy" in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("address", ["/deployments", "/deployments/"])
def test_answers_with_and_without_the_last_slash(client, address):
    assert client.get(address).status_code == 200


def test_shows_how_a_deployment_does(client, pool):
    flow = make_flow("etl-orders")
    found = make_deployment(flow, name="etl-eu", pool=pool, tags=["prod"], status="READY")
    DeploymentSchedule.objects.create(deployment=found, schedule={"cron": "0 2 * * *", "timezone": "Europe/Berlin"})
    for seconds in (10, 20, 30):
        make_flow_run("COMPLETED", flow=flow, deployment=found, seconds=seconds, total_run_time=seconds)
    last = make_flow_run("FAILED", flow=flow, deployment=found, started=now() - timedelta(seconds=5), seconds=1)
    due = now() + timedelta(hours=2)
    make_flow_run("SCHEDULED", flow=flow, deployment=found, expected_start_time=due, next_scheduled_start_time=due)

    page = client.get("/deployments/").content.decode()

    assert "at 02:00 every day, Europe/Berlin" in page
    assert "Last 4 runs: 1 failed" in page
    assert len(re.findall(r'<path class="tone-(?:completed|failed)" d="M', page)) == 2
    assert f"/runs/flow-run/{last.id}" in page  # what is planned for later is not the last run
    assert "20 s / 30 s" in page
    assert "Ready</span>" in page
    assert "Not ready</span>" not in page
    assert ">cluster</a></td>" in page
    assert 'title="' in page
    assert "in 1 h" in page
    assert "?tag=prod" in page


def test_names_the_queue_unless_it_is_the_usual_one(client, pool):
    make_deployment(pool=pool, work_queue=WorkQueue.objects.create(work_pool=pool, name="urgent", priority=2))

    assert ">/ urgent</span>" in client.get("/deployments/").content.decode()


def test_tells_why_a_deployment_is_not_ready(client):
    """DEP-1: a short reason in the row, the whole sentence on hover."""
    make_deployment(name="alone", pool=make_work_pool("deserted"))
    make_deployment(name="served", last_polled=None)

    page = client.get("/deployments/").content.decode()

    assert page.count("Not ready</span>") == 2
    assert "No worker online" in page
    assert "No worker has ever served work pool deserted." in page
    assert "Nobody serves it" in page


@pytest.mark.parametrize(
    ("author", "words"),
    [
        (None, "over the API"),
        ({"id": "7", "type": "USER", "display_value": "alice"}, "by alice"),
        ({"id": "7", "type": "API_KEY", "display_value": "ci"}, "with API key ci"),
        ({"id": "0190", "type": "AUTOMATION", "display_value": "stop on errors"}, "by automation stop on errors"),
    ],
)
def test_marks_a_paused_deployment(client, pool, author, words):
    """DEP-2: word, icon, who did it and when; and in the column of the next run."""
    found = make_deployment(pool=pool, status="READY")
    pause_deployment(deployment_id=found.pk, author=author)

    page = client.get("/deployments/").content.decode()

    assert '<svg class="icon" aria-hidden="true"><use href="#i-pause"/></svg>Paused</span>' in page
    assert words in page
    assert re.search(r"just now|\d s ago", page)
    assert "none, paused" in page
    assert "Ready</span>" not in page


def test_is_paused_and_resumed_in_its_row(client, pool):
    """DEP-2: one press, without a question, and back to the list as it was."""
    found, other = make_deployment(name="etl-eu", pool=pool), make_deployment(pool=pool)

    def press(word):
        page = client.get("/deployments/").content.decode()
        name, value = re.search(rf'name="(\w+)" title="{word} etl-eu" value="([^"]+)"', page).groups()
        fields = {name: value, "next": "/deployments/?pool=cluster", "deployment": str(other.pk)}
        answer = client.post("/deployments/bulk", fields)
        return answer["Location"], Deployment.objects.get(pk=found.pk).paused

    assert press("Pause") == ("/deployments/?pool=cluster", True)
    assert press("Resume") == ("/deployments/?pool=cluster", False)
    assert not Deployment.objects.get(pk=other.pk).paused


def test_offers_no_switch_to_those_who_only_look(client, pool, django_user_model, settings):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("viewer"))
    found = make_deployment(pool=pool)

    assert "<button name" not in client.get("/deployments/").content.decode().split("<table")[1]
    assert client.post("/deployments/bulk", {"pause": str(found.pk)}).status_code == 403


def test_says_what_is_due_already(client, pool):
    found = make_deployment(pool=pool)
    due = now() - timedelta(minutes=5)
    make_flow_run("SCHEDULED", flow=found.flow, deployment=found, next_scheduled_start_time=due)

    assert re.search(r'<td class="next">due <time[^>]*>5 min ago', client.get("/deployments/").content.decode())


def test_marks_a_schedule_that_is_off(client, pool):
    found = make_deployment(pool=pool)
    by = {"id": "1", "type": "USER", "display_value": "bob"}
    DeploymentSchedule.objects.create(
        deployment=found, schedule={"interval": 900}, active=False, paused_at=now(), paused_by=by
    )

    page = client.get("/deployments/").content.decode()

    assert "every 15 min" in page
    assert "Off</span>" in page
    assert "by bob" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=eu", ["etl-eu"]),
        ("?q=orders", ["etl-eu"]),
        ("?flow=orders", ["etl-eu"]),
        ("?tag=prod", ["etl-eu"]),
        ("?tag=pro", []),
        ("?pool=cluster", ["nightly"]),
        ("?state=paused", ["nightly"]),
        ("?state=ready", ["etl-eu"]),
        ("?state=odd", ["etl-eu", "nightly"]),
        ("?sort=-name", ["nightly", "etl-eu"]),
    ],
)
def test_filters_by_its_address(client, pool, query, expected):
    make_deployment(make_flow("orders"), name="etl-eu", tags=["prod"], status="READY")
    make_deployment(make_flow("report"), name="nightly", pool=pool, paused=True)

    response = client.get(f"/deployments/{query}")

    assert names(response) == expected
    assert ("There is no state odd" in response.content.decode()) == ("odd" in query)


def test_filters_by_whether_a_run_would_begin(client, pool):
    make_deployment(name="served", pool=pool, status="READY")
    make_deployment(name="deserted", pool=make_work_pool(), status="READY")
    make_deployment(name="shut", pool=make_work_pool(is_paused=True), status="READY")
    make_deployment(name="alone", last_polled=now(), status="READY")
    make_deployment(name="gone")

    found = {state: names(client.get(f"/deployments/?state={state}")) for state in ("ready", "not-ready")}

    assert found == {"ready": ["alone", "served"], "not-ready": ["deserted", "gone", "shut"]}
    for state, wanted in found.items():
        words = "Ready</span>" if state == "ready" else "Not ready</span>"
        assert client.get(f"/deployments/?state={state}").content.decode().count(words) == len(wanted)


def test_asks_as_many_questions_for_many_as_for_one(client, pool, django_assert_max_num_queries):
    for number in range(30):
        one = make_deployment(pool=pool if number % 2 else make_work_pool())
        DeploymentSchedule.objects.create(deployment=one, schedule={"interval": 900})
        make_flow_run("COMPLETED", flow=one.flow, deployment=one)

    with django_assert_max_num_queries(MOST_QUERIES):
        response = client.get("/deployments/")

    assert len(names(response)) == 25


def test_shows_a_hundred_when_asked(client, pool, django_assert_max_num_queries):
    for _ in range(101):
        one = make_deployment(pool=pool)
        make_flow_run("COMPLETED", flow=one.flow, deployment=one)

    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/deployments/?size=100").content.decode()

    assert page.count("Last 1 run") == 100


def test_is_small_enough(client, pool):
    for _ in range(25):
        one = make_deployment(pool=pool, tags=["prod", "eu"], status="READY")
        DeploymentSchedule.objects.create(deployment=one, schedule={"cron": "*/5 * * * *", "timezone": "Europe/Berlin"})
        for number in range(20):
            make_flow_run("FAILED" if number % 3 else "COMPLETED", flow=one.flow, deployment=one, seconds=number + 1)

    assert len(without_style(client.get("/deployments/"))) < 51_000


def test_exports_what_its_filter_leaves(client, pool):
    make_deployment(name="kept", pool=pool)
    make_deployment(name="gone")

    csv = b"".join(client.get("/deployments/?pool=cluster&export=csv").streaming_content).decode()

    assert "kept" in csv
    assert "gone" not in csv


def test_answers_its_live_part_alone(client, pool):
    make_deployment(name="kept", pool=pool)

    part = client.get("/deployments/?fragment=rows").content.decode()

    assert "kept" in part
    assert "<html" not in part
