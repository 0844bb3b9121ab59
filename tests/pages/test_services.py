"""The page about services."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from orchestrator.contract.services import SERVICES
from orchestrator.contract.times import now
from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.registry import find_service
from orchestrator.periodic.running import run_service
from runs.models import RetentionReport
from runs.pages import services

pytestmark = pytest.mark.django_db
MOST_QUERIES = 4


@pytest.fixture
def shown(client):
    """The page as text."""
    return lambda: client.get("/services").content.decode()


def all_ran_just_now() -> None:
    ServiceRecord.objects.update(last_started_at=now(), last_finished_at=now(), last_count=0)


def test_shows_every_service_with_what_it_does(shown):
    page = shown()

    assert all(name in page and what in page for name, what in SERVICES.items())


def test_is_found_in_the_navigation(client):
    assert 'href="/services"' in client.get("/runs/").content.decode()


def test_shows_how_the_last_run_went(shown):
    run_service(find_service("late_runs"), due_at=now() - timedelta(seconds=3))

    page = shown()

    assert "3.0 s" in page
    assert "just now" in page


def test_shows_a_service_that_fails_and_why(shown):
    all_ran_just_now()
    ServiceRecord.objects.filter(name="late_runs").update(last_error="ValueError: <no>", failures_in_a_row=4)

    page = shown()

    assert "ValueError: &lt;no&gt; (4 times in a row)" in page
    assert 'href="#late_runs">late_runs</a> is failing' in page


def test_shows_a_service_that_nobody_runs(shown):
    all_ran_just_now()
    ServiceRecord.objects.filter(name="late_runs").update(last_started_at=now() - timedelta(minutes=5))

    assert 'href="#late_runs">late_runs</a> is overdue' in shown()


def test_shows_what_is_switched_off(shown):
    all_ran_just_now()
    PeriodicTask.objects.filter(task="services.late_runs").update(enabled=False)

    assert shown().count("Off</span>") == 1


@pytest.mark.parametrize(("hours_ago", "word"), [(3, "OK"), (25, "Overdue")])
def test_knows_when_a_crontab_was_missed(shown, hours_ago, word):
    at = now() - timedelta(hours=hours_ago)
    crontab = CrontabSchedule.objects.create(minute=str(at.minute), hour=str(at.hour), timezone="UTC")
    all_ran_just_now()
    PeriodicTask.objects.filter(task="services.retention").update(interval=None, crontab=crontab)
    ServiceRecord.objects.filter(name="retention").update(last_started_at=at + timedelta(minutes=1))

    row = re.search(r'<tr id="retention".*?</tr>', shown(), re.DOTALL)

    assert f"{word}</span>" in row[0]


def test_takes_for_done_elsewhere_what_this_server_leaves_out(shown, settings):
    all_ran_just_now()
    settings.SERVICES = ["late_runs"]

    assert "Off</span>" not in shown()


def test_says_how_to_start_them_when_none_runs(shown):
    assert "orchestrator server services run" in shown()


def test_shows_the_pace_that_an_administrator_set(shown):
    interval = IntervalSchedule.objects.create(every=77, period="seconds")
    PeriodicTask.objects.filter(task="services.late_runs").update(interval=interval)

    assert "every 77 seconds" in shown()


def test_shows_what_retention_deleted(shown):
    RetentionReport.objects.create(at=now(), duration_seconds=1.5, counts={"events": 12_500, "flow_runs": 3})

    assert "12,500 events, 3 flow runs" in shown()


def test_leads_an_administrator_to_the_rows_for_beat(admin_client):
    row = PeriodicTask.objects.get(task="services.late_runs")

    page = admin_client.get("/services").content.decode()

    assert f'href="/admin/django_celery_beat/periodictask/{row.pk}/change/"' in page


def test_asks_little(client, django_assert_max_num_queries):
    client.get("/services")

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/services")


def test_is_closed_to_strangers_where_the_api_is(client, settings):
    settings.API_AUTH = "required"

    assert client.get("/services").status_code == 302
    assert client.post("/services/run", {"name": "late_runs"}).status_code == 302


def test_asks_for_a_run(client, monkeypatch):
    sent = []
    monkeypatch.setattr(services.current_app, "send_task", lambda name, **_: sent.append(name))

    answer = client.post("/services/run", {"name": "late_runs"}, follow=True)

    assert sent == ["services.late_runs"]
    assert "late_runs is asked to run." in answer.content.decode()


def test_runs_nothing_that_is_no_service(client):
    assert client.post("/services/run", {"name": "shop.tasks.close"}).status_code == 404


def test_answers_its_live_part_alone(client):
    part = client.get("/services?fragment=services").content.decode()

    assert part.startswith("<section")
    assert "scheduler" in part


def test_pauses_a_service_after_a_question_and_resumes_it(client):
    row = PeriodicTask.objects.filter(task="services.late_runs")

    client.post("/services/pause", {"name": "late_runs"})
    assert row.get().enabled

    client.post("/services/pause", {"name": "late_runs", "confirmed": "1"})
    assert not row.get().enabled
    assert 'aria-label="Resume late_runs"' in client.get("/services").content.decode()

    client.post("/services/resume", {"name": "late_runs"})
    assert row.get().enabled


def test_tells_beat_of_a_pause(client):
    before = PeriodicTasks.last_change()

    client.post("/services/pause", {"name": "late_runs", "confirmed": "1"})

    assert PeriodicTasks.last_change() != before


def test_says_when_a_service_cannot_be_paused(client):
    PeriodicTask.objects.filter(task="services.late_runs").delete()

    answer = client.post("/services/pause", {"name": "late_runs", "confirmed": "1"}, follow=True)

    assert "has no row for beat" in answer.content.decode()


def test_does_not_offer_to_resume_what_this_server_leaves_out(shown, settings):
    all_ran_just_now()
    settings.SERVICES = ["late_runs"]

    page = shown()

    assert 'aria-label="Pause late_runs"' in page
    assert 'aria-label="Resume' not in page


def test_lets_administrators_alone_pause_services(client, settings, django_user_model):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("vera"))

    assert client.post("/services/pause", {"name": "late_runs", "confirmed": "1"}).status_code == 403
    assert client.post("/services/run", {"name": "late_runs"}).status_code == 403
    assert "Run now" not in client.get("/services").content.decode()
