"""Runs counted in equal intervals of time, by state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, IntegerField, QuerySet, Sum, Value
from django.db.models.functions import Cast, Coalesce, Floor

from orchestrator.rest.lookups import EpochSeconds, at
from runs.models.hour_counts import Counted
from runs.services.durations import lateness_seconds, run_seconds
from runs.services.known_hours import KnownIntervals, known_intervals

MOST_INTERVALS = 500
SHORTEST_INTERVAL = 1.0  # seconds
LONGEST_INTERVAL = 3.2e11  # seconds; longer than all the time there is


class BadIntervals(Exception):
    """The intervals of a history are too short, or leave the calendar."""


def history(
    rows: QuerySet,
    *,
    start: datetime,
    end: datetime,
    interval_seconds: float,
    now: datetime,
    all_of: Counted | None = None,
) -> list[dict[str, Any]]:
    """Every interval from `start` on, empty ones too, with its runs by state; by expected start.

    The last interval is the one in which `end` lies, or the MOST_INTERVALS-th. `all_of`: the rows are all runs of this
    kind, so that what is known of past hours need not be counted. Raises BadIntervals.
    """
    if interval_seconds < SHORTEST_INTERVAL:
        raise BadIntervals("History interval must not be less than 1 second.")
    interval = timedelta(seconds=min(interval_seconds, LONGEST_INTERVAL))
    count = max(0, min(-(-(end - start) // interval), MOST_INTERVALS))  # rounded up
    try:
        intervals: list[dict[str, Any]] = [
            {"interval_start": start + interval * index, "interval_end": start + interval * (index + 1), "states": []}
            for index in range(count)
        ]
    except OverflowError:
        raise BadIntervals("The last interval would end after the year 9999.") from None
    if not intervals:
        return []
    end = intervals[-1]["interval_end"]
    known = known_intervals(all_of, start=start, interval=interval, count=count, now=now) if all_of else None
    if known is None:
        rows = rows.filter(expected_start_time__gte=start, expected_start_time__lt=end)
    else:
        rows = rows.alias(sort_time=Coalesce("start_time", "expected_start_time")).filter(known.rest)
    # Not left to the database: SQLite would take the index of states for it, which has all runs.
    groups = [group for group in _groups(rows, start, interval_seconds, now) if group["state_type"] is not None]
    for group in groups if known is None else _put_together(groups, known):
        index = group.pop("interval")
        if 0 <= index < count:
            intervals[index]["states"].append(group)
    return intervals


def _groups(rows: QuerySet, start: datetime, seconds: float, now: datetime) -> QuerySet:
    since = EpochSeconds(F("expected_start_time")) - EpochSeconds(at(start))
    return (
        rows.annotate(interval=Cast(Floor(since / Value(float(seconds))), IntegerField()))
        .values("interval", "state_type", "state_name")
        .annotate(
            count_runs=Count("pk"),
            sum_estimated_run_time=Coalesce(Sum(run_seconds(now)), Value(0.0)),
            sum_estimated_lateness=Coalesce(Sum(lateness_seconds(now)), Value(0.0)),
        )
        .order_by("interval", "state_type", "state_name")
    )


def _put_together(counted: list[dict[str, Any]], known: KnownIntervals) -> list[dict[str, Any]]:
    found = {(group["interval"], group["state_type"], group["state_name"]): group for group in counted}
    for (index, (type_, name)), (number, seconds, late) in known.sums.items():
        group = found.setdefault(
            (index, type_, name),
            {
                "interval": index,
                "state_type": type_,
                "state_name": name,
                "count_runs": 0,
                "sum_estimated_run_time": 0.0,
                "sum_estimated_lateness": 0.0,
            },
        )
        group["count_runs"] += number
        group["sum_estimated_run_time"] += seconds
        group["sum_estimated_lateness"] += late
    return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1], key[2] or ""))]
