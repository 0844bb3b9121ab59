"""Times of schedules: a few by hand, and many held against what the real client works out."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from time import monotonic

import pytest

from deployments.errors import CannotBePlanned
from deployments.services.schedule_times import first_times, last_times, time_after, times_of
from deployments.services.schedule_values import checked_cron, checked_rule

SIXTY = ",".join(map(str, range(60)))
DENSE = "\n".join([f"RRULE:FREQ=DAILY;BYHOUR={SIXTY[:61]};BYMINUTE={SIXTY};BYSECOND={SIXTY}"] * 2)
EVERY_15_MINUTES = {"interval": 900.0, "anchor_date": "2020-01-01T00:00:00Z", "timezone": "UTC"}
CLIENT = Path(__file__).resolve().parents[2] / "clients" / "prefect3"

ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Europe/Dublin",  # its summer is the normal time, by the book
    "Australia/Lord_Howe",  # half an hour of summer time, in the south
    "Pacific/Auckland",
    "America/Santiago",  # changes its clocks at midnight
    "Africa/Casablanca",  # for one month of each year, by the moon
    "Asia/Kolkata",
    "America/Sao_Paulo",
)
# Just before, in and after clocks are changed in one of the zones; leap days; ends of years.
STARTS = (
    "2023-03-11T12:00:00+00:00",
    "2023-11-04T22:17:03.500000+00:00",
    "2024-02-27T00:00:00+00:00",
    "2024-03-10T06:59:59+00:00",
    "2024-03-30T23:30:00+00:00",
    "2024-10-27T00:15:00+00:00",
    "2024-11-03T05:30:00+00:00",
    "2024-11-03T06:30:00+00:00",
    "2024-04-06T13:45:00+00:00",
    "2024-09-08T02:30:00+00:00",
    "2025-02-23T01:10:00+00:00",
    "2025-04-06T01:10:00+00:00",
    "2025-09-27T13:30:00+00:00",
    "2026-04-04T14:00:00+00:00",
    "2026-10-24T22:00:00+00:00",
    "2027-12-31T23:59:59+00:00",
)
INTERVALS = (0.5, 45, 900, 3600, 5400, 43_200, 86_400, 90_000, 86_400.5, 172_800, 604_800, 2_592_000)
ANCHORS = ("2020-01-01T00:00:00+00:00", "2024-03-09T07:30:00+00:00", "2030-01-01T05:00:00+00:00")
CRONS = (
    "*/15 * * * *",
    "0 * * * *",
    "30 2 * * *",  # never shown on the day on which clocks are put forward
    "30 1 * * *",  # shown twice on the day on which they are put back
    "0 9 * * 1-5",
    "0 0 29 2 *",
    "0 0 1,15 * 5",
    "@weekly",
    "0 0 L * *",
    "0 0 * * 5#2",
    "*/20 * * * * 30",
    "5 2 * 3,11 sun",
    "0 0 * * *",  # midnight, which some clocks leave out
    "15,45 0-3 * * *",
    "0 12 31 * *",
    "30 23 L 2 *",
)
RULES = (
    "DTSTART:20230101T000000\nFREQ=HOURLY",
    "DTSTART:20230101T000000\nFREQ=MINUTELY;INTERVAL=77",
    "DTSTART:20230101T023000\nRRULE:FREQ=DAILY",
    "DTSTART:20230101T013000\nRRULE:FREQ=DAILY",
    "DTSTART:20240101T000000Z\nRRULE:FREQ=HOURLY;BYMINUTE=0,30",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "DTSTART:20240301T090000\nRRULE:FREQ=DAILY;COUNT=20",
    "DTSTART:20240201T090000\nRRULE:FREQ=DAILY;UNTIL=20240315T000000",
    "DTSTART:20240101T090000\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY;BYDAY=SU\nEXDATE:20240311T090000\n"
    "RDATE:20240310T023000,20240311T121212",
    "DTSTART:20240101T000000\nRRULE:FREQ=DAILY;INTERVAL=3;BYHOUR=0,2;BYMINUTE=30",
    "RRULE:FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=2;BYMINUTE=15;BYSECOND=0",
    "DTSTART:20240115T120000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=31",
    "DTSTART:20200229T120000\nRRULE:FREQ=YEARLY",
    "DTSTART:20240930T000000\nRRULE:FREQ=MINUTELY;INTERVAL=45;UNTIL=20261231T000000",
)


def schedules():
    for zone in ZONES:
        for interval, anchor in product(INTERVALS, ANCHORS):
            yield {"interval": interval, "anchor_date": anchor, "timezone": zone}
        for cron, day_or in product(CRONS, (True, False)):
            yield {"cron": cron, "timezone": zone, "day_or": day_or}
        for rule in RULES:
            yield {"rrule": rule, "timezone": zone}


def cases():
    """Each schedule over some days or over more than a year, from one of the starts, in turn."""
    for number, schedule in enumerate(schedules()):
        days, most = ((3, 40), (400, 20))[number // len(STARTS) % 2]
        start = STARTS[number % len(STARTS)]
        end = datetime.fromisoformat(start) + timedelta(days=days)
        yield schedule, start, end.isoformat(), most


def of(schedule, start, end, most=100):
    times = times_of(schedule, start=datetime.fromisoformat(start), end=datetime.fromisoformat(end), most=most)
    # In the order of the clock on the wall, as the client sorts them.
    return [moment.astimezone(UTC).isoformat() for moment in sorted(times)]


@pytest.mark.e2e
def test_are_those_that_the_client_works_out(prefect3_python):
    asked = list(cases())

    done = subprocess.run(
        [prefect3_python, CLIENT / "schedule_dates.py"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for case, expected in zip(asked, json.loads(done.stdout), strict=True):
        assert of(*case) == expected, case


def test_keep_the_hour_of_the_clock_from_day_to_day():
    daily = {"interval": 86_400.0, "anchor_date": "2024-03-08T14:00:00Z", "timezone": "America/New_York"}

    times = of(daily, "2024-03-08T00:00:00+00:00", "2024-03-12T00:00:00+00:00")

    # 09:00 in New York: five hours behind UTC until the 10th, four from then on.
    assert [time[8:16] for time in times] == ["08T14:00", "09T14:00", "10T13:00", "11T13:00"]


def test_of_a_rule_are_not_counted_from_the_beginning():
    rule = {"rrule": "DTSTART:18000101T000000\nFREQ=SECONDLY;INTERVAL=7", "timezone": "UTC"}

    assert len(of(rule, "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", most=5)) == 5


@pytest.mark.parametrize(
    "schedule",
    [
        {"cron": "0 0 30 2 *", "timezone": "UTC"},
        {"rrule": "DTSTART:20200101T000000\nFREQ=DAILY;UNTIL=20210101T000000", "timezone": "UTC"},
        {"interval": 86400, "anchor_date": "0001-01-01T00:00:00+00:00", "timezone": "America/New_York"},
        {"interval": 1e13, "anchor_date": "2020-01-02T00:00:00Z", "timezone": "UTC"},
    ],
)
def test_may_never_come(schedule):
    assert of(schedule, "2026-01-01T00:00:00+00:00", "2026-04-11T00:00:00+00:00") == []


@pytest.mark.parametrize(
    ("least", "hours", "expected"),
    [
        (3, 1, 3),  # 0:00, 1:00 and 2:00: three, and past one hour
        (1, 5, 6),  # up to 5:00
        (50, 0, 24),  # as many as there are
    ],
)
def test_are_as_many_as_are_needed(least, hours, expected):
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    times = [begin + timedelta(hours=number) for number in range(24)]

    assert len(list(first_times(times, least, begin + timedelta(hours=hours)))) == expected


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"rrule": "DTSTART:00010101T000000\nFREQ=SECONDLY;COUNT=999999999"}, "takes too long"),
        # Never, but nobody can tell before the end of the calendar.
        ({"rrule": "DTSTART:20200101T000000\nFREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "takes too long"),
        # It takes away what it gives.
        ({"rrule": "DTSTART:20200101T000000\nRRULE:FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY"}, "takes too long"),
        ({"rrule": "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=5"}, "Invalid combination"),
        ({"rrule": "FREQ=DAILY;BYEASTER=999999"}, "cannot be worked out"),
        ({"cron": "0 0 * * *", "timezone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"interval": "often", "anchor_date": "2020-01-02T00:00:00Z"}, "cannot be read"),
        ({}, "cannot be read"),
    ],
)
def test_are_told_to_be_impossible_to_work_out(schedule, words):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    begun = monotonic()

    with pytest.raises(CannotBePlanned, match=words):
        list(times_of(schedule, start=start, end=start + timedelta(days=100), most=100))

    assert monotonic() - begun < 30  # the machine may be busy


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (EVERY_15_MINUTES, "2026-01-01T00:15:00+00:00"),
        ({"cron": "0 0 29 2 *", "timezone": "UTC"}, "2028-02-29T00:00:00+00:00"),
        ({"rrule": "DTSTART:20200101T000000\nFREQ=DAILY;UNTIL=20210101T000000", "timezone": "UTC"}, None),
        ({"cron": "0 0 30 2 *"}, None),
    ],
)
def test_come_next_however_far_away(schedule, expected):
    found = time_after(schedule, datetime(2026, 1, 1, tzinfo=UTC))

    assert (found.astimezone(UTC).isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("schedule", "after", "most", "expected"),
    [
        (EVERY_15_MINUTES, "2025-12-31T22:00", 3, ["23:30", "23:45", "00:00"]),
        (EVERY_15_MINUTES, "2025-12-31T23:30", 3, ["23:45", "00:00"]),  # not the one that it begins after
        (EVERY_15_MINUTES, "2000-01-01T00:00", 1, ["00:00"]),
        ({"cron": "0 0 29 2 *", "timezone": "UTC"}, "2000-01-01T00:00", 2, ["00:00", "00:00"]),  # 2020 and 2024
        ({"cron": "0 0 29 2 *", "timezone": "UTC"}, "2024-03-01T00:00", 2, []),
        ({"interval": 0.01, "anchor_date": "2020-01-01T00:00:00Z"}, "2000-01-01T00:00", 2, ["23:59", "00:00"]),
        ({"rrule": "DTSTART:20240101T120000\nRRULE:FREQ=DAILY;COUNT=5"}, "2000-01-01T00:00", 2, ["12:00", "12:00"]),
    ],
)
def test_came_last(schedule, after, most, expected):
    after = datetime.fromisoformat(after).replace(tzinfo=UTC)

    times = last_times(schedule, after=after, until=datetime(2026, 1, 1, tzinfo=UTC), most=most)

    assert [moment.astimezone(UTC).strftime("%H:%M") for moment in times] == expected


@pytest.mark.parametrize(
    "check", [lambda: checked_cron(",".join(["0-59"] * 1000) + " * * * *"), lambda: checked_rule(DENSE)]
)
def test_refuses_what_is_too_long_to_be_read(check):
    with pytest.raises(ValueError, match="Invalid"):
        check()
