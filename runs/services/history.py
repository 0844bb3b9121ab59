"""Runs counted in equal intervals of time, by state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, FloatField, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, Floor, Greatest

from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.rest.lookups import EpochSeconds, at

MOST_INTERVALS = 500
SHORTEST_INTERVAL = 1.0  # seconds
LONGEST_INTERVAL = 3.2e11  # seconds; longer than all the time there is
_TERMINAL = [type_.value for type_ in TERMINAL]


class BadIntervals(Exception):
    """The intervals of a history are too short, or leave the calendar."""


def run_seconds(now: datetime) -> Any:
    """Seconds that a run has spent running up to now, its present RUNNING state included."""
    since = EpochSeconds(at(now)) - EpochSeconds(F("state_timestamp"))
    running = When(state_type=StateType.RUNNING.value, then=F("total_run_time") + Greatest(since, Value(0.0)))
    return Case(running, default=F("total_run_time"), output_field=FloatField())


def lateness_seconds(now: datetime) -> Any:
    """Seconds by which a run began, or still has not begun, after it was expected to."""
    expected = EpochSeconds(F("expected_start_time"))
    return Case(
        When(expected_start_time=None, then=Value(0.0)),
        When(start_time__gt=F("expected_start_time"), then=EpochSeconds(F("start_time")) - expected),
        When(start_time__isnull=False, then=Value(0.0)),
        When(state_type__in=_TERMINAL, then=Value(0.0)),
        When(expected_start_time__lt=now, then=EpochSeconds(at(now)) - expected),
        default=Value(0.0),
        output_field=FloatField(),
    )


def history(
    rows: QuerySet, *, start: datetime, end: datetime, interval_seconds: float, now: datetime
) -> list[dict[str, Any]]:
    """Every interval from `start` on, empty ones too, with its runs by state; by expected start.

    The last interval is the one in which `end` lies, or the MOST_INTERVALS-th. Raises BadIntervals.
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
    for group in _groups(rows, start, end, interval_seconds, now):
        index = group.pop("interval")
        if 0 <= index < count:
            intervals[index]["states"].append(group)
    return intervals


def _groups(rows: QuerySet, start: datetime, end: datetime, seconds: float, now: datetime) -> QuerySet:
    since = EpochSeconds(F("expected_start_time")) - EpochSeconds(at(start))
    return (
        rows.filter(Q(expected_start_time__gte=start, expected_start_time__lt=end), state_type__isnull=False)
        .annotate(interval=Cast(Floor(since / Value(float(seconds))), IntegerField()))
        .values("interval", "state_type", "state_name")
        .annotate(
            count_runs=Count("pk"),
            sum_estimated_run_time=Coalesce(Sum(run_seconds(now)), Value(0.0)),
            sum_estimated_lateness=Coalesce(Sum(lateness_seconds(now)), Value(0.0)),
        )
        .order_by("interval", "state_type", "state_name")
    )
