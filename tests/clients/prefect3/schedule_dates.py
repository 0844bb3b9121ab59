"""Run by the client's interpreter: reads `[[schedule, start, end, most], …]`, prints the client's dates for each."""

import asyncio
import json
import sys
from datetime import UTC, datetime

from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule


async def dates(schedule, start, end, most):
    kind = IntervalSchedule if "interval" in schedule else CronSchedule if "cron" in schedule else RRuleSchedule
    found = await kind(**schedule).get_dates(
        n=most, start=datetime.fromisoformat(start), end=datetime.fromisoformat(end)
    )
    return [date.astimezone(UTC).isoformat() for date in found]


async def main():
    json.dump([await dates(*case) for case in json.load(sys.stdin)], sys.stdout)


asyncio.run(main())
