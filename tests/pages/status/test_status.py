"""The page about the state of the server."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from kombu.exceptions import OperationalError

from orchestrator.contract.services import SERVICES
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.dashboard.status import broker, machine
from orchestrator.dashboard.status.fact import bytes_words
from orchestrator.periodic.models import ServiceRecord
from orchestrator.web.models import WebPulse
from runs.models import RetentionReport
from tests.factories import make_flow_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db
MOST_QUERIES = 14


@pytest.fixture
def shown(client):
    """The page as text."""
    return lambda: client.get("/status/").content.decode()


def value_of(page, heading):
    """What stands beside a heading."""
    found = re.search(rf"<dt>{re.escape(heading)}</dt><dd>(.*?)</dd>", page)
    return re.sub(r"<[^>]*>", "", found[1]).strip() if found else None


def all_ran_just_now(**more):
    ServiceRecord.objects.update(last_started_at=now(), last_finished_at=now(), last_lag_seconds=0.012, **more)


def test_names_each_service_with_its_last_tick_and_lag(shown):
    """STAT-1: all of them."""
    all_ran_just_now()

    page = shown()

    for name in SERVICES:
        row = page.partition(f'id="service-{name}"')[2].partition("</tr>")[0]
        assert name in row
        assert "<time data-ago" in row
        assert "12 ms" in row


def test_says_that_all_is_well(shown, monkeypatch):
    all_ran_just_now()
    WebPulse.objects.create(started_at=now(), last_seen=now())
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (0.1, 0.1, 0.1))
    monkeypatch.setattr(machine, "LITTLE_SPACE", 0.0)

    assert "All is well" in shown()


def test_says_which_service_fails(shown):
    all_ran_just_now()
    ServiceRecord.objects.filter(name="late_runs").update(last_error="ValueError", failures_in_a_row=2)

    assert "<li>late_runs is failing</li>" in shown()


def test_measures_the_database_and_its_rows(shown):
    make_flow_run()

    page = shown()

    assert value_of(page, "Kind").startswith(("SQLite 3", "PostgreSQL "))
    assert re.match(r"[\d.]+ (B|kB|MB|GB)", value_of(page, "Size"))
    assert value_of(page, "Answers in").endswith(" ms")
    assert value_of(page, "Flow runs") == "1"


def test_tells_how_long_what_is_kept(shown, settings):
    settings.RUNS_RETENTION_DAYS, settings.LOGS_RETENTION_DAYS = 90, 0
    RetentionReport.objects.create(at=now(), duration_seconds=1, counts={"events": 3})

    part = shown().partition(">Retention</h2>")[2]

    assert value_of(part, "Runs") == "kept 90 days"
    assert value_of(part, "Logs") == "kept for ever"
    assert value_of(part, "Deleted last").startswith("3 events, at ")


def test_tells_where_runs_wait_longest(shown):
    for name, minutes in (("short", 1), ("long", 90)):
        details = {"scheduled_time": format_time(now() - timedelta(minutes=minutes))}
        state = State(StateType.SCHEDULED, details=details)
        make_flow_run(state, work_queue=make_work_pool(name).default_queue)

    page = shown()

    assert page.index(">long</a>") < page.index(">short</a>")
    assert "1 waiting, the oldest for 1 h 30 m" in page
    assert "long: No worker is online." in page


def test_says_that_the_broker_is_away_instead_of_failing(shown, monkeypatch):
    def fail(**_):
        raise OperationalError("connection refused")

    monkeypatch.setattr(broker.current_app, "connection_for_write", fail)

    assert "It cannot be reached: connection refused" in shown()


def test_keeps_the_password_of_the_broker(shown, settings, monkeypatch):
    def fail(**_):
        raise OperationalError("no")

    settings.BROKER_URL = "redis://someone:sesame@broker.example/0"
    monkeypatch.setattr(broker.current_app, "connection_for_write", fail)

    page = shown()

    assert "sesame" not in page
    assert "broker.example" in page


def test_answers_its_live_part_alone(client):
    assert client.get("/status?fragment=status").content.decode().startswith("<div")


def test_asks_a_bounded_number_of_questions(client, django_assert_max_num_queries):
    client.get("/status/")
    for _ in range(4):
        pool = make_work_pool()
        make_worker(pool)
        make_flow_run(work_queue=pool.default_queue)

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/status/")


def test_is_closed_to_strangers_where_the_api_is(client, settings):
    settings.API_AUTH = "required"

    assert client.get("/status/").status_code == 302


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (81_200, "81 kB"), (1_440_000_000, "1.4 GB"), (2e13, "20.0 TB")],
)
def test_tells_sizes_in_words(count, words):
    assert bytes_words(count) == words
