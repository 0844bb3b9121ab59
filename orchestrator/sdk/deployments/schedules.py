"""Schedules in the forms in which people write them, as the API takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.sdk.errors import DeploymentError
from orchestrator.sdk.values.json_values import to_json

KINDS = ("cron", "interval", "rrule")
_BESIDE = ("active", "slug", "parameters", "max_scheduled_runs", "replaces")
_OF_KIND = {
    "cron": ("cron", "timezone", "day_or"),
    "interval": ("interval", "timezone", "anchor_date"),
    "rrule": ("rrule", "timezone"),
}


def Cron(
    cron: str,
    /,
    *,
    timezone: str | None = None,
    day_or: bool = True,
    active: bool = True,
    slug: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """By a cron expression in an IANA time zone. `slug` names the schedule, `parameters` go over the deployment's."""
    given = {"cron": cron, "timezone": timezone, "day_or": day_or}
    return schedule_body({**given, "active": active, "slug": slug, "parameters": parameters})


def Interval(
    interval: timedelta | float | str,
    /,
    *,
    anchor_date: datetime | str | None = None,
    timezone: str | None = None,
    active: bool = True,
    slug: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Every so often: seconds, a timedelta, or a text such as `PT1H`.

    Counted from `anchor_date`; None is a midnight long ago, so that deploying again does not move the schedule.
    """
    given = {"interval": interval, "anchor_date": anchor_date, "timezone": timezone}
    return schedule_body({**given, "active": active, "slug": slug, "parameters": parameters})


def RRule(
    rrule: str,
    /,
    *,
    timezone: str | None = None,
    active: bool = True,
    slug: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """By a recurrence rule of RFC 5545."""
    given = {"rrule": rrule, "timezone": timezone}
    return schedule_body({**given, "active": active, "slug": slug, "parameters": parameters})


def schedule_bodies(
    *,
    cron: str | Iterable[str] | None = None,
    interval: Any = None,
    rrule: str | Iterable[str] | None = None,
    schedule: Any = None,
    schedules: Iterable[Any] | None = None,
    timezone: str | None = None,
) -> list[dict[str, Any]]:
    """All that was given, as one list. `timezone` is for those that name none. Raises DeploymentError."""
    if schedule is not None and schedules is not None:
        raise DeploymentError("Give schedule= or schedules=, not both")
    if isinstance(schedules, (str, Mapping)):
        raise DeploymentError("schedules= is a list; for a single one there is schedule=")
    given = [{kind: each} for kind, value in zip(KINDS, (cron, interval, rrule), strict=True) for each in _each(value)]
    given += [schedule] if schedule is not None else list(schedules or ())
    return [schedule_body(each, timezone=timezone) for one in given for each in _clocks(one)]


def schedule_body(given: Any, *, timezone: str | None = None) -> dict[str, Any]:
    """One schedule: a mapping, flat or with a key `schedule`, or an object with attributes of these names, or one.

    Raises DeploymentError, which says what is missing or not known.
    """
    flat = _flat(given)
    found = [kind for kind in KINDS if flat.get(kind) is not None]
    if len(found) != 1:
        said = f"it has {' and '.join(found)}" if found else "it has none of them"
        raise DeploymentError(f"A schedule needs one of cron, interval and rrule; {said}: {given!r}")
    kind = found[0]
    unknown = set(flat) - {*_BESIDE, *_OF_KIND[kind]}
    if unknown:
        raise DeploymentError(f"A schedule with {kind} has no key {', '.join(sorted(map(repr, unknown)))}: {given!r}")
    zone = flat.get("timezone") or timezone
    described = {key: flat[key] for key in _OF_KIND[kind] if flat.get(key) is not None}
    described |= {"timezone": zone} if zone else {}
    if kind == "interval":
        described["interval"] = _seconds(flat["interval"])
        described["anchor_date"] = _anchor(flat.get("anchor_date"), zone)
    beside = {key: to_json(flat[key]) for key in _BESIDE if flat.get(key) is not None}
    return {"active": True, **beside, "schedule": described}


def _each(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def _clocks(given: Any) -> list[Any]:
    """The schedules that one holds, or itself. Raises DeploymentError for what narrows them down afterwards."""
    clocks = None if isinstance(given, Mapping) else getattr(given, "clocks", None)
    if clocks is None:
        return [given]
    for name in ("filters", "or_filters", "not_filters", "adjustments"):
        if getattr(given, name, None):
            raise DeploymentError(f"A schedule has no {name} here: write a cron expression or an RRule that says it")
    return list(clocks)


def _flat(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        flat = {str(key): value for key, value in given.items()}
        inner = flat.pop("schedule", None)
        return {**flat, **(_flat(inner) if inner is not None else {})}
    inner = getattr(given, "schedule", None)
    if inner is not None:
        beside = {key: getattr(given, key) for key in _BESIDE if getattr(given, key, None) is not None}
        return {**beside, **_flat(inner)}
    names = (*_BESIDE, *dict.fromkeys(name for names in _OF_KIND.values() for name in names))
    found = {name: getattr(given, name) for name in names if getattr(given, name, None) is not None}
    if getattr(given, "parameter_defaults", None):
        found["parameters"] = given.parameter_defaults
    if not found or isinstance(given, (str, bytes, int, float, timedelta)):
        raise DeploymentError(f"This is no schedule: {given!r}; write Cron(…), Interval(…) or RRule(…)")
    kind = next((kind for kind in KINDS if kind in found), None)
    # Objects carry defaults for keys of the other kinds.
    return {key: value for key, value in found.items() if kind is None or key in (*_BESIDE, *KINDS, *_OF_KIND[kind])}


def _seconds(interval: Any) -> Any:
    """Numbers and durations in seconds. A text is left to the server, which reads ISO 8601."""
    if isinstance(interval, timedelta):
        interval = interval.total_seconds()
    if isinstance(interval, bool) or not isinstance(interval, (int, float, str)):
        raise DeploymentError(
            f"An interval is a number of seconds, a timedelta, or a text such as 'PT1H': {interval!r}"
        )
    if isinstance(interval, (int, float)) and interval <= 0:
        raise DeploymentError(f"An interval must be longer than nothing: {interval!r}")
    return interval


def _anchor(given: Any, zone: str | None) -> str:
    if isinstance(given, datetime):
        return given.isoformat()
    if given is not None:
        return str(given)
    from zoneinfo import ZoneInfo

    try:
        return datetime(2020, 1, 1, tzinfo=ZoneInfo(zone or "UTC")).isoformat()
    except (LookupError, ValueError, OSError):  # no such zone: the server says so
        return datetime(2020, 1, 1, tzinfo=UTC).isoformat()
