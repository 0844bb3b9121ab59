"""Schedules as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from orchestrator import Cron, DeploymentError, Interval, RRule
from orchestrator.sdk.deployments.schedules import schedule_bodies, schedule_body

MIDNIGHT = "2020-01-01T00:00:00+00:00"

# what is written -> the schedule as the API takes it
WRITTEN = [
    ({"cron": "0 6 * * *"}, [{"cron": "0 6 * * *"}]),
    ({"cron": ["0 6 * * *", "0 7 * * *"]}, [{"cron": "0 6 * * *"}, {"cron": "0 7 * * *"}]),
    ({"cron": "0 6 * * *", "timezone": "Asia/Tokyo"}, [{"cron": "0 6 * * *", "timezone": "Asia/Tokyo"}]),
    ({"interval": 60}, [{"interval": 60, "anchor_date": MIDNIGHT}]),
    ({"interval": timedelta(hours=1)}, [{"interval": 3600.0, "anchor_date": MIDNIGHT}]),
    ({"interval": "PT1H"}, [{"interval": "PT1H", "anchor_date": MIDNIGHT}]),
    # midnight on the clock of the zone: Paris is one hour before UTC in winter
    (
        {"interval": 60, "timezone": "Europe/Paris"},
        [{"interval": 60, "anchor_date": "2020-01-01T00:00:00+01:00", "timezone": "Europe/Paris"}],
    ),
    ({"rrule": "FREQ=DAILY"}, [{"rrule": "FREQ=DAILY"}]),
    ({"schedule": Cron("0 6 * * *", day_or=False)}, [{"cron": "0 6 * * *", "day_or": False}]),
    ({"schedules": [RRule("FREQ=DAILY"), {"cron": "@daily"}]}, [{"rrule": "FREQ=DAILY"}, {"cron": "@daily"}]),
    ({"schedules": [{"schedule": {"cron": "@daily"}, "active": False}]}, [{"cron": "@daily"}]),
    # objects of other libraries, which have attributes for every kind
    (
        {"schedule": SimpleNamespace(cron="@daily", interval=None, rrule=None, day_or=True, timezone="UTC")},
        [{"cron": "@daily", "timezone": "UTC", "day_or": True}],
    ),
    (
        {"schedule": SimpleNamespace(interval=timedelta(1), day_or=True)},
        [{"interval": 86400.0, "anchor_date": MIDNIGHT}],
    ),
]


@pytest.mark.parametrize(("written", "expected"), WRITTEN, ids=[str(written) for written, _ in WRITTEN])
def test_are_understood(written, expected):
    bodies = schedule_bodies(**written)

    assert [
        {key: value for key, value in body["schedule"].items() if (key, value) not in _DEFAULTS or key in wanted}
        for body, wanted in zip(bodies, expected, strict=True)
    ] == expected


_DEFAULTS = [("day_or", True)]


def test_keep_what_stands_beside_them():
    anchor = datetime(2026, 3, 1, tzinfo=UTC)

    body = Interval(90, anchor_date=anchor, active=False, slug="s", parameters={"day": timedelta(seconds=1)})

    assert body == {
        "active": False,
        "slug": "s",
        "parameters": {"day": "PT1S"},
        "schedule": {"interval": 90, "anchor_date": "2026-03-01T00:00:00+00:00"},
    }


def test_keep_their_own_time_zone():
    (body,) = schedule_bodies(schedules=[Cron("@daily", timezone="Asia/Tokyo")], timezone="Europe/Paris")

    assert body["schedule"]["timezone"] == "Asia/Tokyo"


# what is written -> what is said about it
MISTAKES = [
    ({"slug": "x"}, "needs one of cron, interval and rrule; it has none"),
    ({"cron": "@daily", "interval": 3}, "it has cron and interval"),
    ({"cron": "@daily", "anchor_date": "2026-01-01"}, "has no key 'anchor_date'"),
    ({"interval": 0}, "longer than nothing"),
    ({"interval": -1.5}, "longer than nothing"),
    ({"interval": True}, "An interval is a number of seconds"),
    ({"interval": [1]}, "An interval is a number of seconds"),
    ("@daily", "This is no schedule"),
    (3600, "This is no schedule"),
]


@pytest.mark.parametrize(("written", "said"), MISTAKES, ids=[str(written) for written, _ in MISTAKES])
def test_are_refused_with_a_reason(written, said):
    with pytest.raises(DeploymentError, match=said):
        schedule_body(written)


def test_are_given_one_way_or_the_other():
    with pytest.raises(DeploymentError, match="not both"):
        schedule_bodies(schedule=Cron("@daily"), schedules=[])
    with pytest.raises(DeploymentError, match="schedules= is a list"):
        schedule_bodies(schedules={"cron": "@daily"})
