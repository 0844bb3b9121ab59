"""The calendar of runs."""

import html
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone

from deployments.pages.calendar import read_month
from orchestrator.contract.times import now
from runs.pages.run_filter import matching_runs
from tests.factories import make_deployment, make_flow, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC).date()


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def days_with_runs(month):
    return {day.date.day: day for week in month.weeks for day in week if day.total and day.in_month}


def test_counts_the_runs_of_each_day_by_state():
    for state in ("COMPLETED", "COMPLETED", "FAILED"):
        make_flow_run(state, started=at(3))
    make_flow_run("COMPLETED", started=at(4, 23))
    make_flow_run("SCHEDULED", expected_start_time=at(28), next_scheduled_start_time=at(28))

    found = days_with_runs(read_month(NOVEMBER, QueryDict(), at(20)))

    assert {number: day.words for number, day in found.items()} == {
        3: "2 completed, 1 failed",
        4: "1 completed",
        28: "1 scheduled",
    }
    assert found[28].is_ahead
    assert not found[4].is_ahead


@pytest.mark.parametrize("query", ["", "state=failed", "flow=etl", "tag=prod"])
def test_its_sums_equal_the_list(client, query):
    """CAL-1: each day leads to a list of as many runs as it says; subflows are in neither."""
    flow = make_flow("etl")
    for day in (1, 3, 3, 3, 17, 30):
        make_flow_run("FAILED" if day == 3 else "COMPLETED", flow=flow, started=at(day, 23), tags=["prod"])
        make_flow_run("COMPLETED", started=at(day, 0))
    parent = make_task_run("COMPLETED")
    make_flow_run("COMPLETED", flow=flow, started=at(3), parent_task_run=parent)
    make_flow_run("SCHEDULED", flow=flow, expected_start_time=at(29), next_scheduled_start_time=at(29))

    month = read_month(NOVEMBER, QueryDict(query), at(20))

    assert month.total
    for day in days_with_runs(month).values():
        listed = matching_runs(QueryDict(day.url.split("?", 1)[1]), now=now())
        assert listed.count() == day.total, day
        assert client.get(day.url).status_code == 200
    assert month.total == sum(day.total for day in days_with_runs(month).values())


def test_days_are_those_of_the_readers_clock():
    make_flow_run("COMPLETED", started=at(3, 23))

    with timezone.override(ZoneInfo("Asia/Kolkata")):
        found = days_with_runs(read_month(NOVEMBER, QueryDict(), at(20)))

    assert list(found) == [4]
    assert "from=2026-11-03T18:30Z" in found[4].url


def test_goes_from_month_to_month(client):
    page = html.unescape(client.get("/calendar/?month=2026-12&flow=etl").content.decode())

    assert "December 2026" in page
    assert "?flow=etl&month=2026-11" in page.replace("month=2026-11&flow=etl", "flow=etl&month=2026-11")
    assert re.search(r'rel="next"', page)
    assert "month=2027-01" in page


def test_shows_the_present_month_for_what_is_no_month(client):
    page = client.get("/calendar/?month=never").content.decode()

    assert "A month looks like 2026-11" in page
    assert f"{timezone.localtime():%B %Y}" in page


@pytest.mark.parametrize("kind", ["flow", "deployment"])
def test_says_whose_runs_it_shows(client, kind):
    """By name, where a link named it by its identifier; and it stays so when the rest of the filter changes."""
    found = make_deployment(make_flow("etl"), name="etl") if kind == "deployment" else make_flow("etl")

    page = client.get(f"/calendar/?{kind}={found.pk}").content.decode()

    assert f'Runs of the {kind} <a href="/{kind}s/{kind}/{found.pk}">etl</a>' in page
    assert f'<input type="hidden" name="{kind}" value="{found.pk}">' in page


def test_asks_a_bounded_number_of_questions(client, django_assert_max_num_queries):
    for number in range(20):
        make_flow_run("COMPLETED", started=now() - timedelta(hours=number), deployment=make_deployment())

    with django_assert_max_num_queries(8):
        client.get("/calendar")


@pytest.mark.parametrize("day", [3, 20], ids=["past", "today"])
def test_counts_no_more_of_a_day_than_it_says(client, monkeypatch, day):
    """CAL-1: beyond a limit a day says the least that it has, whatever it has."""
    monkeypatch.setattr("deployments.pages.calendar_counts.MOST_OF_DAY", 3)
    monkeypatch.setattr("deployments.pages.calendar.MOST_OF_DAY", 3)
    for hour in range(5):
        make_flow_run("FAILED" if hour else "COMPLETED", started=at(day, hour))
    make_flow_run("COMPLETED", started=at(5))

    month = read_month(NOVEMBER, QueryDict(), at(20))

    found = days_with_runs(month)
    assert (found[day].total_words, found[day].words) == ("3+ runs", "1+ completed, 2+ failed")
    assert (found[5].total_words, found[5].words) == ("1 run", "1 completed")
    assert month.total_words == "4+ runs"


def test_its_days_are_as_long_as_the_clock_says(client):
    """CAL-1: also in the months in which clocks change."""
    with timezone.override(ZoneInfo("Europe/Berlin")):
        for hour in (0, 22, 23):
            make_flow_run("COMPLETED", started=datetime(2026, 10, 25, hour, 30, tzinfo=UTC))
        month = read_month(datetime(2026, 10, 1, tzinfo=UTC).date(), QueryDict(), at(20))

        found = days_with_runs(month)
        assert {number: day.total for number, day in found.items()} == {25: 2, 26: 1}
        for day in found.values():
            assert matching_runs(QueryDict(day.url.split("?", 1)[1]), now=now()).count() == day.total


def test_counts_days_that_are_past_once_in_a_while(django_assert_num_queries):
    """And today each time it is asked."""
    make_flow_run("COMPLETED", started=at(3))
    read_month(NOVEMBER, QueryDict(), at(20))
    make_flow_run("COMPLETED", started=at(4))
    make_flow_run("COMPLETED", started=at(20, 1))

    with django_assert_num_queries(1):
        month = read_month(NOVEMBER, QueryDict(), at(20))

    assert list(days_with_runs(month)) == [3, 20]


@pytest.mark.parametrize(("query", "zone"), [("flow=etl", "UTC"), ("", "Asia/Kolkata")])
def test_keeps_what_it_counted_for_the_same_question_alone(query, zone):
    read_month(NOVEMBER, QueryDict(), at(20))
    make_flow_run("COMPLETED", flow=make_flow("etl"), started=at(4))

    with timezone.override(ZoneInfo(zone)):
        assert list(days_with_runs(read_month(NOVEMBER, QueryDict(query), at(20)))) == [4]


def test_counts_the_one_day_that_is_left_of_a_grid():
    """CAL-1: on the last day that a month shows, that day alone is counted anew."""
    make_flow_run("COMPLETED", started=datetime(2026, 12, 6, 5, tzinfo=UTC))

    month = read_month(NOVEMBER, QueryDict(), datetime(2026, 12, 6, 12, tzinfo=UTC))

    assert [day.total for week in month.weeks for day in week if day.total] == [1]
