"""Schedules on the page of their deployment, and the form that adds and changes them."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from deployments.models import DeploymentSchedule
from deployments.pages.schedule_preview import preview_of
from deployments.pages.schedule_words import schedule_words
from deployments.services.planned_runs import schedule_deployment_runs
from orchestrator.contract.times import now
from runs.models import FlowRun
from tests.factories import make_deployment

NEW = {"kind": "cron", "cron": "30 2 * * *", "day_or": "1", "timezone": "Europe/Berlin", "active": "1", "do": "save"}


@pytest.fixture
def found(db):
    return make_deployment(name="nightly")


@pytest.fixture
def address(found):
    return f"/deployments/deployment/{found.pk}"


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"interval": 900}, "every 15 min"),
        ({"interval": 3600}, "every hour"),
        ({"interval": 7200}, "every 2 hours"),
        ({"interval": 86_400}, "every day"),
        ({"interval": 90}, "every 90 s"),
        ({"interval": 0.5}, "every 0.5 s"),
        ({"cron": "* * * * *"}, "every min"),
        ({"cron": "*/5 * * * *"}, "every 5 min"),
        ({"cron": "7 * * * *"}, "every hour at :07"),
        ({"cron": "0 */2 * * *"}, "every 2 hours at :00"),
        ({"cron": "0 2 * * *", "timezone": "UTC"}, "at 02:00 every day"),
        ({"cron": "0 6 * * 1-5", "timezone": "Europe/Berlin"}, "at 06:00 on weekdays, Europe/Berlin"),
        ({"cron": "0 4 * * 1"}, "at 04:00 on Mondays"),
        ({"cron": "0 4 * * mon,thu,7"}, "at 04:00 on Mondays, Thursdays and Sundays"),
        ({"cron": "0 4 1 * *"}, "at 04:00 on day 1 of the month"),
        ({"cron": "@daily"}, "at 00:00 every day"),
        ({"cron": "0 4 1 * 1"}, "cron 0 4 1 * 1"),
        ({"cron": "0 4 * 2 *"}, "cron 0 4 * 2 *"),
        ({"cron": "0 4-8 * * *"}, "cron 0 4-8 * * *"),
        ({"rrule": "DTSTART:20200101T000000\nFREQ=DAILY", "timezone": "UTC"}, "every day"),
        ({"rrule": "RRULE:FREQ=WEEKLY;INTERVAL=2"}, "every 2 weeks"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=MO"}, "rule FREQ=WEEKLY;BYDAY=MO"),
    ],
)
def test_are_said_in_words(schedule, words):
    assert schedule_words(schedule) == words


def test_adds_a_schedule(client, found, address):
    response = client.post(f"{address}/schedules/new", NEW | {"slug": "night", "parameters": '{"a": 1}', "ahead": "5"})

    made = DeploymentSchedule.objects.get()
    assert (response.status_code, response.url) == (303, address)
    assert made.schedule == {"cron": "30 2 * * *", "timezone": "Europe/Berlin", "day_or": True}
    assert (made.slug, made.parameters, made.max_scheduled_runs, made.active) == ("night", {"a": 1}, 5, True)
    assert "at 02:30 every day, Europe/Berlin" in client.get(address).content.decode()


def test_adds_an_interval_on_the_clock_of_its_zone(client, found, address):
    fields = {"kind": "interval", "every": "2", "unit": "hours", "anchor": "2026-01-05T08:00", "timezone": "Asia/Tokyo"}

    client.post(f"{address}/schedules/new", fields | {"do": "save", "active": "1"})

    stored = DeploymentSchedule.objects.get().schedule
    assert stored == {"interval": 7200.0, "anchor_date": "2026-01-05T08:00:00+09:00", "timezone": "Asia/Tokyo"}


def test_adds_a_rule(client, found, address):
    client.post(f"{address}/schedules/new", {"kind": "rrule", "rrule": "FREQ=DAILY", "do": "save", "timezone": "UTC"})

    made = DeploymentSchedule.objects.get()
    assert made.schedule == {"rrule": "DTSTART:20200101T000000\nFREQ=DAILY", "timezone": "UTC"}
    assert not made.active
    assert made.paused_by["type"] == "PAGE"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"cron": "61 * * * *"}, "cron", "Invalid cron string"),
        ({"timezone": "Mars/Base"}, "timezone", "Invalid timezone"),
        ({"parameters": "{"}, "parameters", "No JSON: line 1, column 2"),
        ({"parameters": "[" * 5000}, "parameters", "No JSON"),
        ({"parameters": "[]"}, "parameters", "JSON object"),
        ({"ahead": "0"}, "ahead", "from 1 to 50"),
        ({"kind": "interval", "every": "-1"}, "every", "above 0"),
        ({"kind": "interval", "every": "nan"}, "every", "above 0"),
        ({"kind": "interval", "every": "1", "unit": "days", "anchor": "soon"}, "anchor", "no time"),
        ({"kind": "rrule", "rrule": ""}, "rrule", "A rule looks like"),
        ({"kind": "rrule", "rrule": "FREQ=NEVER"}, "rrule", "Invalid RRule"),
        ({"kind": "odd"}, "kind", "one of the three"),
    ],
)
def test_says_at_the_field_what_is_wrong(client, address, fields, field, words):
    response = client.post(f"{address}/schedules/new", NEW | fields)

    page = response.content.decode()
    assert response.status_code == 422
    assert not DeploymentSchedule.objects.exists()
    assert re.search(rf'href="#field-{field}">[^<]*{words}', page)
    assert f'id="field-{field}"' in page
    if field != "kind":
        assert f'aria-describedby="error-{field}"' in page


def test_refuses_a_name_that_is_taken(client, found, address):
    DeploymentSchedule.objects.create(deployment=found, schedule={"interval": 60}, slug="night")

    page = client.post(f"{address}/schedules/new", NEW | {"slug": "night"}).content.decode()

    assert 'id="error-slug">Schedule slugs must be unique' in page


def test_shows_the_times_that_the_scheduler_plans(client, found, address):
    """DEP-3: the preview is what the API plans, in the same order."""
    client.post(f"{address}/schedules/new", NEW)
    schedule_deployment_runs(deployment_id=found.pk, min_runs=10)
    planned = FlowRun.objects.order_by("expected_start_time").values_list("expected_start_time", flat=True)
    schedule = DeploymentSchedule.objects.get()

    page = client.get(f"{address}/schedules/{schedule.pk}").content.decode()

    shown = re.findall(r'<tr><td><time datetime="([^"]+)"', page)
    assert [datetime.fromisoformat(text).astimezone(UTC) for text in shown] == list(planned[:10])
    assert "In Europe/Berlin" in page
    assert "In UTC" in page


def test_shows_the_times_of_what_is_typed_before_it_is_saved(client, address):
    page = client.post(f"{address}/schedules/new", NEW | {"do": "preview", "cron": "15 4 * * *"}).content.decode()

    assert page.count(" 04:15:00 CE") == 10
    assert not DeploymentSchedule.objects.exists()


def test_notes_when_clocks_change():
    """DEP-3: in the schedule's zone, at the row and for the year to come."""
    before = datetime(2026, 3, 27, 12, tzinfo=ZoneInfo("Europe/Berlin"))

    preview = preview_of({"cron": "30 2 * * *", "timezone": "Europe/Berlin"}, before)

    assert "go forward by 60 minutes on 29 March 2026" in preview.clocks
    assert [row.note for row in preview.rows][:3].count("after the clocks went forward") == 1
    assert preview_of({"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"}, before).clocks == ""


def test_says_why_there_are_no_times():
    assert "no time" in preview_of({"cron": "0 0 30 2 *"}, now()).problem


def test_changes_a_schedule(client, found, address):
    known = DeploymentSchedule.objects.create(
        deployment=found, schedule={"interval": 60, "anchor_date": "2026-01-01T00:00:00+00:00", "timezone": "UTC"}
    )
    form = client.get(f"{address}/schedules/{known.pk}").content.decode()

    client.post(f"{address}/schedules/{known.pk}", NEW)

    assert 'value="interval" checked' in form
    assert 'name="every" value="1"' in form
    known.refresh_from_db()
    assert known.schedule["cron"] == "30 2 * * *"


def test_switches_a_schedule_off_and_on(client, found, address):
    """DEP-2: who switched it off stands beside it."""
    known = DeploymentSchedule.objects.create(deployment=found, schedule={"interval": 60}, slug="often")
    client.post(f"{address}/schedules/{known.pk}/switch", {"do": "pause"})
    off = DeploymentSchedule.objects.get()
    page = client.get(f"{address}?fragment=schedules").content.decode()
    client.post(f"{address}/schedules/{known.pk}/switch", {"do": "resume"})

    on = DeploymentSchedule.objects.get()
    assert not off.active
    assert off.paused_at is not None
    assert "Off</span>" in page
    assert "on these pages" in page
    assert "Switch on" in page
    assert (on.active, on.paused_at, on.paused_by) == (True, None, None)


def test_asks_before_it_deletes(client, found, address):
    known = DeploymentSchedule.objects.create(deployment=found, schedule={"interval": 60})

    asked = client.post(f"{address}/schedules/{known.pk}/delete").content.decode()
    still = DeploymentSchedule.objects.exists()
    client.post(f"{address}/schedules/{known.pk}/delete", {"confirmed": "1"})

    assert "every min" in asked
    assert still
    assert not DeploymentSchedule.objects.exists()


def test_of_another_deployment_is_not_found(client, found):
    other = make_deployment()
    known = DeploymentSchedule.objects.create(deployment=other, schedule={"interval": 60})

    assert client.get(f"/deployments/deployment/{found.pk}/schedules/{known.pk}").status_code == 404


class TestBackfill:
    @pytest.fixture
    def hourly(self, found):
        schedule = {"cron": "0 * * * *", "timezone": "UTC"}
        return DeploymentSchedule.objects.create(deployment=found, schedule=schedule)

    RANGE = "since=2026-01-01T00:00&until=2026-01-01T12:00"

    def test_counts_the_runs_before_it_makes_them(self, client, address, hourly):
        page = client.get(f"{address}/backfill?{self.RANGE}").content.decode()

        assert "<strong>12 runs</strong>" in page
        assert "Make 12 runs</button>" in page
        assert not FlowRun.objects.exists()

    def test_makes_a_run_for_each_time(self, client, found, address, hourly):
        found.parameter_openapi_schema = {"properties": {"day": {"type": "string"}}}
        found.save()
        fields = {"since": "2026-01-01T00:00", "until": "2026-01-01T03:00", "parameter": "day"}

        response = client.post(f"{address}/backfill", fields, follow=True)

        runs = list(FlowRun.objects.order_by("expected_start_time"))
        first = datetime(2026, 1, 1, tzinfo=UTC)
        assert [run.expected_start_time for run in runs] == [first + timedelta(hours=number) for number in range(3)]
        assert runs[0].parameters == {"day": "2026-01-01T00:00:00+00:00"}
        assert "backfill" in runs[0].tags
        assert not runs[0].auto_scheduled
        assert "3 runs are planned for nightly." in response.content.decode()

    def test_makes_none_twice(self, client, address, hourly):
        fields = {"since": "2026-01-01T00:00", "until": "2026-01-01T03:00"}
        client.post(f"{address}/backfill", fields)

        page = client.get(f"{address}/backfill?since=2026-01-01T00:00&until=2026-01-01T04:00").content.decode()
        client.post(f"{address}/backfill", fields | {"until": "2026-01-01T04:00"})

        assert "<strong>1 run</strong>; 3 more are there already" in page
        assert FlowRun.objects.count() == 4

    def test_stops_at_its_most(self, client, address, hourly):
        page = client.get(f"{address}/backfill?since=2025-01-01T00:00&until=2026-01-01T00:00").content.decode()

        assert "<strong>500 runs</strong>" in page
        assert "It ends after 500" in page

    def test_reads_times_on_the_clock_of_the_schedule(self, client, found, address):
        DeploymentSchedule.objects.create(deployment=found, schedule={"cron": "0 2 * * *", "timezone": "Asia/Tokyo"})

        client.post(f"{address}/backfill", {"since": "2026-01-01T00:00", "until": "2026-01-02T00:00"})

        assert FlowRun.objects.get().expected_start_time == datetime(2025, 12, 31, 17, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("query", "words"),
        [("since=odd", "This is no time"), ("since=2026-01-02T00:00&until=2026-01-01T00:00", "has to come after")],
    )
    def test_says_what_is_wrong(self, client, address, hourly, query, words):
        response = client.get(f"{address}/backfill?{query}")

        assert response.status_code == 422
        assert words in response.content.decode()

    def test_says_that_it_needs_a_schedule(self, client, address):
        assert "has no schedule to take the times from" in client.get(f"{address}/backfill").content.decode()
