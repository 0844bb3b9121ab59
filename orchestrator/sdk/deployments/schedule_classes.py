"""Schedules as classes, under the names that older and newer tutorials use. All are taken wherever schedules are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from orchestrator.contract.times import now
from orchestrator.sdk.deployments.schedules import schedule_bodies
from orchestrator.sdk.errors import DeploymentError


class _Checked:
    """Wrong values are told where they are written."""

    __slots__ = ()

    def __post_init__(self) -> None:
        _check_bounds(self)
        schedule_bodies(schedule=self)


@dataclass(frozen=True, slots=True)
class Schedule(_Checked):
    """One of `cron`, `interval` (seconds or a timedelta) and `rrule`, in an IANA time zone.

    `parameters` go over the deployment's, `slug` names the schedule, `active` False plans no runs. In place of these,
    `clocks` holds several schedules, as `Schedule(clocks=[CronClock(…), IntervalClock(…)])`. Raises DeploymentError.
    """

    interval: timedelta | float | str | None = None
    cron: str | None = None
    rrule: str | None = None
    timezone: str | None = None
    anchor_date: datetime | str | None = None
    day_or: bool = True
    active: bool = True
    parameters: Mapping[str, Any] | None = None
    slug: str | None = None
    clocks: Iterable[Any] | None = None

    def __post_init__(self) -> None:
        if self.clocks is not None:
            object.__setattr__(self, "clocks", tuple(self.clocks))
            alone = Schedule.__dataclass_fields__
            for name in alone:
                if name != "clocks" and getattr(self, name) != alone[name].default:
                    raise DeploymentError(f"A Schedule with clocks has no {name}; say it of the clocks")
        schedule_bodies(schedule=self)


@dataclass(frozen=True, slots=True)
class CronSchedule(_Checked):
    """By a cron expression. `start_date` may be in the past only, `end_date` is not taken: a schedule has no end."""

    cron: str
    timezone: str | None = None
    day_or: bool = True
    start_date: datetime | None = None
    end_date: datetime | None = None
    parameter_defaults: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalSchedule(_Checked):
    """Every so often: seconds, a timedelta, or a text such as `PT1H`, counted from `anchor_date`.

    `start_date` is another word for that, and lies at most one interval ahead, so that it is the first run (not ahead
    at all where the interval is a text); `end_date` is not taken: a schedule has no end.
    """

    interval: timedelta | float | str
    anchor_date: datetime | str | None = None
    timezone: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    parameter_defaults: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.start_date is not None and self.anchor_date is not None:
            raise DeploymentError("Give anchor_date or start_date of an IntervalSchedule, not both")
        _check_bounds(self, ahead=self.interval)
        if self.start_date is not None:
            object.__setattr__(self, "anchor_date", self.start_date)
        schedule_bodies(schedule=self)


@dataclass(frozen=True, slots=True)
class RRuleSchedule(_Checked):
    """By a recurrence rule of RFC 5545; its beginning and end stand in the rule (DTSTART, UNTIL, COUNT)."""

    rrule: str
    timezone: str | None = None


def CronClock(
    cron: str,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    parameter_defaults: Mapping[str, Any] | None = None,
    day_or: bool = True,
) -> CronSchedule:
    """A CronSchedule, for `Schedule(clocks=[…])`."""
    return CronSchedule(
        cron, day_or=day_or, start_date=start_date, end_date=end_date, parameter_defaults=parameter_defaults
    )


def IntervalClock(
    interval: timedelta | float,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    parameter_defaults: Mapping[str, Any] | None = None,
) -> IntervalSchedule:
    """An IntervalSchedule, for `Schedule(clocks=[…])`."""
    return IntervalSchedule(
        interval=interval, start_date=start_date, end_date=end_date, parameter_defaults=parameter_defaults
    )


def _check_bounds(schedule: Any, *, ahead: timedelta | float | str = 0) -> None:
    """Runs are planned before and after any moment, so a bound that would keep some away cannot be passed over."""
    if getattr(schedule, "end_date", None) is not None:
        raise DeploymentError("A schedule has no end_date: write an RRule with UNTIL, or pause the deployment then")
    start = getattr(schedule, "start_date", None)
    if start is None:
        return
    if not isinstance(start, datetime):
        raise DeploymentError(f"start_date is a datetime: {start!r}")
    begins = start if start.tzinfo else start.replace(tzinfo=now().tzinfo)
    if begins > now() + _length(ahead):
        raise DeploymentError("A schedule begins at once, and start_date is still to come: write an RRule with DTSTART")


def _length(interval: timedelta | float | str) -> timedelta:
    """What is no number has a length that the server reads."""
    if isinstance(interval, timedelta):
        return interval
    return timedelta(seconds=interval) if isinstance(interval, (int, float)) else timedelta()
