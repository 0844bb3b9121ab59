"""What a schedule may say: expressions, rules and time zones, checked before they are stored.

Every function raises ValueError with a sentence for whoever wrote the schedule.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from math import prod
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter
from dateutil import rrule as rules

from deployments.services.schedule_times import RULE_START
from orchestrator.contract.times import now

LONGEST_RULE = 6500  # characters; a year of single dates, and some
LONGEST_CRON = 1_000  # characters
MOST_TIMES_OF_DAY = 100_000  # that the rules of one text name; all of them are laid out when it is read
_TIMES_OF_DAY = re.compile(r"BY(?:HOUR|MINUTE|SECOND)=([^;\s]*)", re.IGNORECASE)
_CHANCE = frozenset("rh")  # fields of an expression that a random number or a hash would fill
_NEAREST_WEEKDAY = "w"
_SHORT_STEPS = {rules.SECONDLY: 1, rules.MINUTELY: 60}  # seconds


@cache
def time_zones() -> frozenset[str]:
    """The names of IANA's time zones; `localtime` is none of them."""
    return frozenset(name for name in available_timezones() if "localtime" not in name)


def checked_zone(name: str | None) -> str | None:
    if name and name not in time_zones():
        raise ValueError(f'Invalid timezone: "{name}". Expected a name of the IANA database, such as Europe/Berlin.')
    return name


def checked_cron(expression: str) -> str:
    if len(expression) > LONGEST_CRON:
        raise ValueError(f"Invalid cron string: at most {LONGEST_CRON} characters are accepted.")
    fields = expression.casefold().split()
    if any(field in _CHANCE for field in fields):
        raise ValueError(f'Random and Hashed expressions are unsupported, received: "{expression}"')
    weekday_nearest_to_a_date = len(fields) > 2 and _NEAREST_WEEKDAY in fields[2]
    if weekday_nearest_to_a_date or not croniter.is_valid(expression):
        raise ValueError(f'Invalid cron string: "{expression}"')
    return expression


def checked_rule(text: str) -> str:
    if len(text) > LONGEST_RULE:
        raise ValueError(f'Invalid RRule string "{text[:40]}...": at most {LONGEST_RULE} characters are accepted.')
    if sum(map(_times_of_day, text.splitlines())) > MOST_TIMES_OF_DAY:
        raise ValueError(f"Invalid RRule string: more than {MOST_TIMES_OF_DAY} times of the day.")
    for rule in _rules_of(_parsed(text)):
        if rule._interval < 1:
            raise ValueError(f'Invalid RRule string "{text}": the interval must be positive.')
    return text


def anchored_rule(text: str, timezone: str | None) -> str:
    """The rule with a DTSTART: the usual one, or, for a rule of short steps, the last of its steps.

    Counting minutes from years ago would take long, each time that the rule is read.
    """
    if "DTSTART" in text.upper():
        return text
    rule = _parsed(text)
    start = RULE_START
    if isinstance(rule, rules.rrule) and rule._freq in _SHORT_STEPS and rule._count is None:
        step = timedelta(seconds=_SHORT_STEPS[rule._freq] * rule._interval)
        clock = now().astimezone(ZoneInfo(timezone or "UTC")).replace(tzinfo=None)
        start += max(timedelta(), (clock - RULE_START) // step * step)
    return f"DTSTART:{start:%Y%m%dT%H%M%S}\n{text}"


def _parsed(text: str) -> Any:
    try:
        return rules.rrulestr(text, dtstart=RULE_START)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise ValueError(f'Invalid RRule string "{text}": {error}') from None


def _times_of_day(line: str) -> int:
    return prod(values.count(",") + 1 for values in _TIMES_OF_DAY.findall(line))


def _rules_of(parsed: Any) -> list[Any]:
    return [*parsed._rrule, *parsed._exrule] if isinstance(parsed, rules.rruleset) else [parsed]
