"""What requests about schedules carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from deployments.services.schedule_values import (
    anchored_rule,
    checked_cron,
    checked_rule,
    checked_zone,
    time_zones,
)
from deployments.services.schedules import MOST_SCHEDULES
from orchestrator.contract.times import format_time, now, to_utc
from orchestrator.rest.bodies import Body, Envelope, Time

MOST_SCHEDULED_RUNS = 50  # of one schedule


def _positive(interval: timedelta) -> timedelta:
    if interval <= timedelta():
        raise ValueError("interval must be positive")
    return interval


def _aware(moment: datetime) -> datetime:
    """With its own offset, which is told again; without one it is taken as UTC."""
    to_utc(moment)  # refuses what leaves the calendar
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)


ListedZone = Annotated[
    str, AfterValidator(checked_zone), Field(json_schema_extra={"pattern": "|".join(sorted(time_zones()))})
]


class IntervalSchedule(Body):
    """Every so often, counted from `anchor_date`. The interval is a number of seconds or an ISO 8601 duration."""

    interval: Annotated[timedelta, AfterValidator(_positive)]
    anchor_date: Annotated[datetime, AfterValidator(_aware)] = Field(default_factory=now)
    timezone: str | None = None

    @model_validator(mode="after")
    def validate_timezone(self) -> Self:
        checked_zone(self.timezone)
        return self

    def stored(self) -> dict[str, Any]:
        anchor = self.anchor_date
        return {
            "interval": self.interval.total_seconds(),
            "anchor_date": anchor.isoformat() if anchor.utcoffset() else format_time(anchor),
            "timezone": "UTC" if self.timezone is None else self.timezone,
        }


class CronSchedule(Body):
    """By a cron expression. `day_or`: a day of the month or a day of the week is enough; else both have to fit."""

    cron: Annotated[str, AfterValidator(checked_cron)]
    timezone: str | None = None
    day_or: bool = True

    @model_validator(mode="after")
    def validate_timezone(self) -> Self:
        checked_zone(self.timezone)
        return self

    def stored(self) -> dict[str, Any]:
        return {"cron": self.cron, "timezone": self.timezone, "day_or": self.day_or}


class RRuleSchedule(Body):
    """By a recurrence rule of RFC 5545, or a set of them."""

    rrule: Annotated[str, AfterValidator(checked_rule)]
    timezone: ListedZone | None = "UTC"

    def stored(self) -> dict[str, Any]:
        return {"rrule": anchored_rule(self.rrule, self.timezone), "timezone": self.timezone}


def _few_enough(runs: int | None) -> int | None:
    if runs is not None and runs > MOST_SCHEDULED_RUNS:
        raise ValueError(f"`max_scheduled_runs` must be less than or equal to {MOST_SCHEDULED_RUNS}.")
    return runs


Schedule = IntervalSchedule | CronSchedule | RRuleSchedule
ScheduledRuns = Annotated[Annotated[int, Field(gt=0)] | None, AfterValidator(_few_enough)]


class _ScheduleColumns(Body):
    max_scheduled_runs: ScheduledRuns = None
    parameters: dict[str, Any] = {}
    slug: str | None = None
    replaces: str | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent, as it is stored; null means that nothing was sent. `replaces` is among it."""
        given = {key: value for key, value in self.given().items() if value is not None}
        if "schedule" in given:
            given["schedule"] = given["schedule"].stored()
        return given


class DeploymentScheduleCreate(_ScheduleColumns):
    active: bool = True
    schedule: Schedule


def _few(sent: Any) -> Any:
    """Before each is looked at, which takes its time."""
    if isinstance(sent, list) and len(sent) > MOST_SCHEDULES:
        raise ValueError(f"A deployment has at most {MOST_SCHEDULES} schedules.")
    return sent


FewEnough = BeforeValidator(_few)


class DeploymentScheduleUpdate(_ScheduleColumns):
    active: bool | None = None
    schedule: Schedule | None = None


LONGEST_AHEAD = 100 * 365 * 86_400  # seconds


def _bounded(seconds: float) -> float:
    if not 0 <= seconds <= LONGEST_AHEAD:
        raise ValueError(f"`min_time` must be a number of seconds from 0 to {LONGEST_AHEAD}.")
    return seconds


class RunsPlanned(Envelope):
    """How far ahead runs are made. Seconds for `min_time`, counted from `start_time`."""

    start_time: Time = None  # type: ignore[assignment]
    end_time: Time = None  # type: ignore[assignment]
    min_time: Annotated[float, AfterValidator(_bounded)] = None  # type: ignore[assignment]
    min_runs: int = None  # type: ignore[assignment]
    max_runs: int = None  # type: ignore[assignment]
