"""At which times a schedule is due.

The times agree to the second with what clients of the contract work out themselves, also where clocks are put forward
or back: `tests/deployments/services/test_schedule_times.py` compares the two.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil import rrule as rules
from dateutil import tz

from deployments.errors import CannotBePlanned
from deployments.services.cron_times import wall_times
from orchestrator.contract.times import parse_time
from orchestrator.web.confined import Failed, TooCostly, confined

MOST_CANDIDATES = 1002  # looked at by one call
RULE_START = datetime.fromisoformat("2020-01-01")  # of a recurrence rule without DTSTART, on the clock
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
_FAR = timedelta(days=60 * 365)  # what does not come until then never comes
_FIRST_LOOK_BACK = timedelta(seconds=1)
# What steps evenly, so that a later start of the same phase gives the same times.
_EVEN_STEPS = {rules.HOURLY: 3600, rules.MINUTELY: 60, rules.SECONDLY: 1}


def times_of(schedule: Mapping[str, Any], *, start: datetime, end: datetime, most: int) -> Iterator[datetime]:
    """The times of a stored schedule from `start` to `end`, at most `most`, in the schedule's time zone.

    `schedule` is of the contract's three kinds, told apart by the keys `interval`, `cron` and `rrule`. Raises
    CannotBePlanned for what takes too long, or contradicts itself, and for a time zone that is known no more.
    """
    try:
        zone = ZoneInfo(schedule.get("timezone") or "UTC")
        start, end = start.astimezone(zone), end.astimezone(zone)
        if "rrule" in schedule:
            return iter(_of_rule_in_time(schedule["rrule"], schedule.get("timezone") or "UTC", start, end, most))
        return islice(_distinct(_candidates(schedule, zone, start), until=end), most)
    except ZoneInfoNotFoundError as error:
        raise CannotBePlanned(f"There is no time zone {schedule['timezone']!r} any more.") from error
    except (TooCostly, Failed) as error:
        raise CannotBePlanned(f"The rule cannot be worked out: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotBePlanned(f"The schedule cannot be read: {error}") from error


def time_after(schedule: Mapping[str, Any], moment: datetime) -> datetime | None:
    """The first time after `moment`, however far away; None when there is none. Raises CannotBePlanned."""
    last = datetime.max.replace(tzinfo=UTC) - 2 * _DAY
    end = last if last - moment < _FAR else moment + _FAR
    return next(times_of(schedule, start=moment + _MOMENT, end=end, most=1), None)


def last_times(schedule: Mapping[str, Any], *, after: datetime, until: datetime, most: int) -> list[datetime]:
    """The last times after `after` up to `until`, at most `most`. Raises CannotBePlanned.

    Goes back from `until` in steps that grow, so that a time that is long ago costs no more than one of today.
    """
    found: list[datetime] = []
    step = _FIRST_LOOK_BACK
    while after < until and len(found) < most:
        begin = max(after, until - step)
        part = list(times_of(schedule, start=begin + _MOMENT, end=until, most=most + 1))
        if len(part) > most and step > _MOMENT:
            step /= 8  # there are more than were told, and the last ones are asked for
            continue
        found = part + found
        until = begin
        step *= 4
    return found[-most:]


def _candidates(schedule: Mapping[str, Any], zone: ZoneInfo, start: datetime) -> Iterator[datetime]:
    if "interval" not in schedule:
        return _of_cron(schedule["cron"], start, day_or=schedule.get("day_or", True))
    try:
        anchor = parse_time(schedule["anchor_date"]).astimezone(zone)
    except OverflowError:  # at an end of the calendar, and beyond it in this zone
        return iter(())
    return _of_interval(timedelta(seconds=schedule["interval"]), anchor, start)


def _distinct(candidates: Iterator[datetime], until: datetime) -> Iterator[datetime]:
    """Each time once: the hour that clocks repeat is one hour, since times of one zone compare by the clock."""
    seen: set[datetime] = set()
    for candidate in islice(candidates, MOST_CANDIDATES):
        if candidate > until:
            return
        if candidate not in seen:
            seen.add(candidate)
            yield candidate


def _of_interval(step: timedelta, anchor: datetime, start: datetime) -> Iterator[datetime]:
    """Whole days of the step are days of the calendar, the rest of it is counted in seconds."""
    steps = int((start.astimezone(UTC) - anchor.astimezone(UTC)).total_seconds() / step.total_seconds())
    try:
        moment = _later_by(anchor, step.total_seconds() * steps)
        while moment < start:
            moment = _after_step(moment, step)
        while True:
            yield moment
            moment = _after_step(moment, step)
    except OverflowError:
        return  # the end of the calendar


def _after_step(moment: datetime, step: timedelta) -> datetime:
    if not step.days:
        return _later_by(moment, step.total_seconds())
    return _on_the_clock(moment.replace(tzinfo=None) + step, moment.tzinfo, second=True)


def _later_by(moment: datetime, seconds: float) -> datetime:
    return (moment.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(moment.tzinfo)


def _on_the_clock(wall: datetime, zone: Any, *, second: bool) -> datetime:
    """The moment at which the clock shows `wall`.

    Of two such moments the `second` one, or the first. What a clock that is put forward never shows lies as far behind
    the change as it would have come after it, or, without `second`, as far before.
    """
    first, last = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    gained = (last.utcoffset() or timedelta()) - (first.utcoffset() or timedelta())
    if gained > timedelta():
        return (wall + gained if second else wall - gained).replace(tzinfo=zone)
    return last if second else first


def _of_cron(expression: str, start: datetime, *, day_or: bool) -> Iterator[datetime]:
    """What the clock on the wall shows decides; an hour that it shows twice counts once."""
    # The expression is asked for what comes after, and `start` itself may be meant.
    begin = _later_by(start, -1)
    if begin.microsecond:
        begin = _later_by(begin, 1)
    for wall in wall_times(expression, begin.replace(tzinfo=None), day_or=day_or):
        yield _on_the_clock(wall, start.tzinfo, second=False)


def _of_rule_in_time(text: str, timezone: str, start: datetime, end: datetime, most: int) -> list[datetime]:
    found = confined(rule_times, text, timezone, start, end, most)
    return [datetime.fromisoformat(moment).astimezone(start.tzinfo) for moment in found]


def rule_times(text: str, timezone: str, start: datetime, end: datetime, most: int) -> list[str]:
    """The same as text, for however long it takes."""
    moments = islice(_distinct(_of_rule(text, timezone, start, end), until=end), most)
    return [moment.isoformat() for moment in moments]


def _of_rule(text: str, timezone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    zone = tz.gettz(timezone)
    found: Any = rules.rrulestr(text, dtstart=RULE_START)
    if isinstance(found, rules.rruleset):
        _each(found, "_rrule", lambda rule: _placed(rule, zone, start, end))
        _each(found, "_exrule", lambda rule: _placed(rule, zone, start, end))
        _each(found, "_rdate", lambda moment: moment.replace(tzinfo=zone))
        _each(found, "_exdate", lambda moment: moment.replace(tzinfo=zone))
    else:
        found = _placed(found, zone, start, end)
    for moment in found.xafter(start.astimezone(UTC), inc=True):
        # By its offset, for a moment that the clock never shows is the same in every zone only in UTC.
        yield (moment.replace(tzinfo=UTC) - moment.utcoffset()).astimezone(start.tzinfo)


def _each(rule_set: Any, name: str, change: Callable[[Any], Any]) -> None:
    setattr(rule_set, name, [change(part) for part in getattr(rule_set, name)])


def _placed(rule: Any, zone: Any, start: datetime, end: datetime) -> Any:
    """The rule in its time zone, ending at `end`: a rule that never fits would be searched to the end of the calendar.

    Steps that are even are not counted from the beginning, which may be years ago.
    """
    begin = rule._dtstart.replace(tzinfo=None)
    seconds = _EVEN_STEPS.get(rule._freq)
    if seconds is not None and rule._count is None:
        passed = (start.replace(tzinfo=None) - 2 * _DAY - begin).total_seconds()
        begin += timedelta(seconds=max(0, passed // (seconds * rule._interval)) * seconds * rule._interval)
    last = end.astimezone(zone)
    until = last if rule._until is None else min(last, rule._until.replace(tzinfo=zone))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a count besides the end, which is meant here
        return rule.replace(dtstart=begin.replace(tzinfo=zone), until=until)


def first_times(times: Iterable[datetime], least: int, until: datetime) -> Iterator[datetime]:
    """As many as are needed to have `least` of them and to reach `until`."""
    for number, moment in enumerate(times, start=1):
        yield moment
        if number >= least and moment >= until:
            return
