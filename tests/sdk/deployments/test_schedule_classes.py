from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator import (
    CronClock,
    CronSchedule,
    DeploymentError,
    IntervalClock,
    IntervalSchedule,
    RRuleSchedule,
    Schedule,
    flow,
)
from orchestrator.sdk.deployments.schedules import schedule_bodies


@flow
def timed() -> None: ...


def planned(**options):
    return [each["schedule"] for each in timed.to_deployment("d", **options).body()["schedules"]]


OLD = "2020-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("schedule", "described"),
    [
        (
            CronSchedule(cron="0 6 * * *", timezone="Europe/Oslo"),
            {"cron": "0 6 * * *", "timezone": "Europe/Oslo", "day_or": True},
        ),
        (IntervalSchedule(interval=timedelta(minutes=10)), {"interval": 600.0, "anchor_date": OLD}),
        (
            IntervalSchedule(start_date=datetime(2021, 1, 1, tzinfo=UTC), interval=60),
            {"interval": 60, "anchor_date": "2021-01-01T00:00:00+00:00"},
        ),
        (RRuleSchedule(rrule="FREQ=DAILY", timezone="UTC"), {"rrule": "FREQ=DAILY", "timezone": "UTC"}),
        (Schedule(cron="* * * * *", day_or=False), {"cron": "* * * * *", "day_or": False}),
        (
            Schedule(interval=timedelta(hours=1), timezone="UTC"),
            {"interval": 3600.0, "timezone": "UTC", "anchor_date": OLD},
        ),
    ],
)
def test_is_taken_wherever_schedules_are(schedule, described):
    assert planned(schedule=schedule) == [described]
    assert planned(schedules=[schedule]) == [described]


def test_says_more_than_when():
    (body,) = timed.to_deployment(
        "d", schedule=Schedule(cron="* * * * *", active=False, slug="often", parameters={"n": 1})
    ).schedules

    assert (body["active"], body["slug"], body["parameters"]) == (False, "often", {"n": 1})


def test_holds_several_clocks():
    clocks = [
        CronClock("0 6 * * *", parameter_defaults={"n": 1}),
        IntervalClock(start_date=datetime(2021, 1, 1, tzinfo=UTC), interval=timedelta(days=1)),
    ]

    first, second = timed.to_deployment("d", schedule=Schedule(clocks=clocks)).schedules

    assert (first["schedule"]["cron"], first["parameters"]) == ("0 6 * * *", {"n": 1})
    assert second["schedule"] == {"interval": 86400.0, "anchor_date": "2021-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Schedule(), "none of them"),
        (lambda: Schedule(cron="* * * * *", interval=3), "cron and interval"),
        (lambda: Schedule(cron="* * * * *", clocks=[]), "with clocks has no cron"),
        (lambda: Schedule(clocks=["* * * * *"]), "no schedule"),
        (lambda: IntervalSchedule(interval=0), "longer than nothing"),
        (lambda: CronSchedule("* * * * *", end_date=datetime(2020, 1, 1, tzinfo=UTC)), "has no end_date"),
        (lambda: IntervalSchedule(interval=9, start_date=datetime(2199, 1, 1, tzinfo=UTC)), "still to come"),
        (lambda: CronSchedule("* * * * *", start_date="2020-01-01"), "is a datetime"),
    ],
)
def test_refuses_what_it_could_not_keep(make, said):
    with pytest.raises(DeploymentError, match=said):
        make()


def test_begins_with_a_start_that_is_one_interval_ahead_at_most():
    soon = datetime.now(UTC) + timedelta(seconds=30)

    made = IntervalSchedule(start_date=soon, interval=timedelta(minutes=1))

    assert made.anchor_date == soon
    with pytest.raises(DeploymentError, match="still to come"):
        IntervalSchedule(start_date=soon, interval=10)


def test_takes_a_schedule_inside_of_another_object():
    class Created:
        schedule = CronSchedule("0 9 * * *", timezone="Europe/Berlin")
        active = False
        slug = "mornings"

    (body,) = schedule_bodies(schedules=[Created()])

    assert (body["active"], body["slug"]) == (False, "mornings")
    assert (body["schedule"]["cron"], body["schedule"]["timezone"]) == ("0 9 * * *", "Europe/Berlin")
