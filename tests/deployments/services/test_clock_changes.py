"""Schedules where clocks are changed, and on days that not every year has: each with its sum worked out.

New York is 5 hours behind UTC, and 4 from 10 March 2024 at 2:00, when clocks go to 3:00, until 3 November at 2:00, when
they go back to 1:00. All of it agrees with the client's own classes: `test_schedule_times.py` holds many more against
them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from deployments.services.schedule_times import times_of

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


def cron(expression, zone="UTC", **more):
    return {"cron": expression, "timezone": zone, **more}


def every(seconds, anchor, zone="UTC"):
    return {"interval": seconds, "anchor_date": anchor, "timezone": zone}


def rule(text, zone="UTC"):
    return {"rrule": text, "timezone": zone}


@pytest.mark.parametrize(
    ("schedule", "start", "end", "expected"),
    [
        # --- put forward
        # 9:00 in Berlin is 8:00 UTC in winter and 7:00 from 31 March 2024 on.
        (cron("0 9 * * *", BERLIN), "2024-03-30", "2024-04-02", ["30 08:00", "31 07:00", "01 07:00"]),
        # 2:30 is left out on the 10th: the hour before it was 1:30, still 5 hours behind.
        (cron("30 2 * * *", NEW_YORK), "2024-03-09", "2024-03-12", ["09 07:30", "10 06:30", "11 06:30"]),
        # The day has 23 hours, and a run in each: 1:00 is 6:00 UTC, and 3:00 follows, 7:00 UTC.
        (cron("0 * * * *", NEW_YORK), "2024-03-10T05:30", "2024-03-10T08:30", ["10 06:00", "10 07:00", "10 08:00"]),
        # A day is one of the calendar: 9:00 stays 9:00.
        (
            every(86_400, "2024-03-08T14:00:00Z", NEW_YORK),
            "2024-03-09",
            "2024-03-12",
            ["09 14:00", "10 13:00", "11 13:00"],
        ),
        # 2:30 is left out: it becomes 3:30, 7:30 UTC, and stays so, as each day is counted from the one before.
        (
            every(86_400, "2024-03-08T07:30:00Z", NEW_YORK),
            "2024-03-09",
            "2024-03-12",
            ["09 07:30", "10 07:30", "11 07:30"],
        ),
        # Less than a day is counted in seconds: 12 hours stay 12 hours, whatever clocks show.
        (every(43_200, "2024-03-09T14:00:00Z", NEW_YORK), "2024-03-10", "2024-03-11", ["10 02:00", "10 14:00"]),
        (
            rule("DTSTART:20240308T090000\nRRULE:FREQ=DAILY", NEW_YORK),
            "2024-03-09",
            "2024-03-12",
            ["09 14:00", "10 13:00", "11 13:00"],
        ),
        (
            rule("DTSTART:20240308T023000\nRRULE:FREQ=DAILY", NEW_YORK),
            "2024-03-09",
            "2024-03-12",
            ["09 07:30", "10 06:30", "11 06:30"],
        ),
        # Santiago leaves out midnight of the 8th, and 23:00 of the 7th counts: 3:00 UTC, as it is 4 hours behind.
        (cron("0 0 * * *", "America/Santiago"), "2024-09-07", "2024-09-10", ["07 04:00", "08 03:00", "09 03:00"]),
        # Lord Howe goes from 10:30 ahead to 11:00 on 6 October at 2:00, and 2:15 is left out: 1:45 is 15:15 UTC.
        (cron("15 2 * * *", "Australia/Lord_Howe"), "2024-10-04", "2024-10-07", ["04 15:45", "05 15:15", "06 15:15"]),
        # --- put back
        (cron("0 9 * * *", BERLIN), "2024-10-26", "2024-10-29", ["26 07:00", "27 08:00", "28 08:00"]),
        # 1:30 comes twice on the 3rd, and counts once: the first, 4 hours behind.
        (cron("30 1 * * *", NEW_YORK), "2024-11-02", "2024-11-05", ["02 05:30", "03 05:30", "04 06:30"]),
        (
            rule("DTSTART:20241101T013000\nRRULE:FREQ=DAILY", NEW_YORK),
            "2024-11-02",
            "2024-11-05",
            ["02 05:30", "03 05:30", "04 06:30"],
        ),
        # Of an interval the second counts: it is a whole day after the one before, and an hour more.
        (
            every(86_400, "2024-11-01T05:30:00Z", NEW_YORK),
            "2024-11-02",
            "2024-11-05",
            ["02 05:30", "03 06:30", "04 06:30"],
        ),
        # The hour that clocks show twice is one hour: 1:00 is 5:00 UTC, and 2:00 follows, 7:00 UTC.
        (cron("0 * * * *", NEW_YORK), "2024-11-03T04:30", "2024-11-03T08:30", ["03 05:00", "03 07:00", "03 08:00"]),
        # Lord Howe goes back by half an hour on 7 April at 2:00; the first 1:45 is 11 hours ahead.
        (cron("45 1 * * *", "Australia/Lord_Howe"), "2024-04-05", "2024-04-08", ["05 14:45", "06 14:45", "07 15:15"]),
        # --- never changed, and half an hour off
        (cron("30 5 * * *", "Asia/Kolkata"), "2024-03-09", "2024-03-11T12:00", ["09 00:00", "10 00:00", "11 00:00"]),
        # --- days that are rare
        # 2024, 2028 and 2032 have a 29 February.
        (cron("0 12 29 2 *"), "2023-01-01", "2033-01-01", ["2024", "2028", "2032"]),
        (rule("DTSTART:20200229T120000\nRRULE:FREQ=YEARLY"), "2021-01-01", "2030-01-01", ["2024", "2028"]),
        # A month without a 31st is left out.
        (
            rule("DTSTART:20240131T120000\nRRULE:FREQ=MONTHLY"),
            "2024-02-01",
            "2024-08-01",
            ["31 12:00", "31 12:00", "31 12:00"],
        ),
        # 366 days after 1 March 2023 is 1 March 2024, and 366 days after that 2 March 2025.
        (every(366 * 86_400, "2023-03-01T00:00:00Z"), "2024-01-01", "2026-01-01", ["01 00:00", "02 00:00"]),
        # --- a day of the month and a day of the week
        # Fridays that are a 13th: three in 2026.
        (cron("0 0 13 * 5", day_or=False), "2026-01-01", "2026-12-31", ["13 00:00"] * 3),
        # Fridays, and the 13th, which is one of them.
        (cron("0 0 13 * 5", day_or=True), "2026-02-01", "2026-02-28", ["06 00:00", "13 00:00", "20 00:00", "27 00:00"]),
        # --- dates taken out and put in
        (
            rule("DTSTART:20240308T090000\nRRULE:FREQ=DAILY\nEXDATE:20240310T090000\nRDATE:20240310T120000", NEW_YORK),
            "2024-03-09",
            "2024-03-12",
            ["09 14:00", "10 16:00", "11 13:00"],  # 12:00 is 16:00 UTC
        ),
    ],
)
def test_come_when_the_clock_on_the_wall_says_so(schedule, start, end, expected):
    form = "%Y" if len(expected[0]) == 4 else "%d %H:%M"

    times = times_of(schedule, start=utc(start), end=utc(end), most=50)

    assert [moment.astimezone(UTC).strftime(form) for moment in times] == expected


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
