"""What somebody types about a schedule: read, checked field by field, and told again where it is not right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from deployments.models import DeploymentSchedule
from deployments.pages.json_fields import json_object
from deployments.services.schedule_values import anchored_rule, checked_cron, checked_rule, checked_zone
from orchestrator.contract.times import now, parse_time
from orchestrator.pages.schema_forms import with_kept, with_masks

KINDS = {"cron": "At certain times", "interval": "Every so often", "rrule": "By a recurrence rule"}
UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
MOST_RUNS_AHEAD = 50
_LONGEST_INTERVAL = timedelta(days=36_500).total_seconds()
FIELDS = (
    "kind",
    "cron",
    "day_or",
    "every",
    "unit",
    "anchor",
    "rrule",
    "timezone",
    "slug",
    "parameters",
    "ahead",
    "active",
)
_DEFAULTS = {"kind": "cron", "cron": "0 2 * * *", "day_or": "1", "every": "15", "unit": "minutes", "active": "1"}


@dataclass(slots=True)
class ScheduleForm:
    """`values` as they were typed, by field; `errors` are sentences, by field."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)  # of the schedule, where there are no errors

    @classmethod
    def empty(cls) -> ScheduleForm:
        zone = str(timezone.get_current_timezone())
        return cls({**dict.fromkeys(FIELDS, ""), **_DEFAULTS, "timezone": zone})

    @classmethod
    def of(cls, schedule: DeploymentSchedule, schema: Mapping[str, Any] | None) -> ScheduleForm:
        """`schema` is that of the deployment's parameters, which says what is secret."""
        stored, parameters = schedule.schedule, with_masks(schema, schedule.parameters)
        values = {
            **dict.fromkeys(FIELDS, ""),
            **_DEFAULTS,
            "timezone": stored.get("timezone") or "UTC",
            "slug": schedule.slug or "",
            "parameters": json.dumps(parameters, ensure_ascii=False, indent=2) if parameters else "",
            "ahead": str(schedule.max_scheduled_runs or ""),
            "active": "1" if schedule.active else "",
        }
        if "cron" in stored:
            values |= {"kind": "cron", "cron": stored["cron"], "day_or": "1" if stored.get("day_or", True) else ""}
        elif "interval" in stored:
            values |= {"kind": "interval", **_interval_fields(stored)}
        else:
            values |= {"kind": "rrule", "rrule": stored["rrule"]}
        return cls(values)

    @classmethod
    def typed(
        cls, posted: Mapping[str, str], schema: Mapping[str, Any] | None, known: DeploymentSchedule | None = None
    ) -> ScheduleForm:
        """`known` is what is changed: stars in the place of its secrets leave them as they are."""
        form = cls({name: posted.get(name, "").strip() for name in FIELDS})
        zone = form._checked("timezone", checked_zone, form.values["timezone"]) or None
        stored = form._stored(zone)
        parameters = form._checked("parameters", json_object, form.values["parameters"])
        ahead = form._checked("ahead", _runs_ahead, form.values["ahead"])
        if not form.errors:
            form.columns = {
                "schedule": stored,
                "active": bool(form.values["active"]),
                "slug": form.values["slug"] or None,
                "parameters": with_kept(schema, parameters, known.parameters if known is not None else {}),
                "max_scheduled_runs": ahead,
            }
        return form

    def _stored(self, zone: str | None) -> dict[str, Any] | None:
        kind = self.values["kind"]
        if kind == "cron":
            cron = self._checked("cron", checked_cron, self.values["cron"])
            return {"cron": cron, "timezone": zone, "day_or": bool(self.values["day_or"])}
        if kind == "interval":
            seconds = self._checked("every", _seconds, self.values)
            known = zone if "timezone" not in self.errors else None
            anchor = self._checked("anchor", lambda text: _anchor(text, known), self.values["anchor"])
            return {"interval": seconds, "anchor_date": anchor, "timezone": zone or "UTC"}
        if kind == "rrule":
            rule = self._checked("rrule", _rule, self.values["rrule"])
            return None if rule is None else {"rrule": anchored_rule(rule, zone), "timezone": zone or "UTC"}
        self.errors["kind"] = "Choose one of the three kinds of schedule."
        return None

    def _checked(self, name: str, check: Any, value: Any) -> Any:
        try:
            return check(value)
        except ValueError as error:
            self.errors[name] = str(error)
            return None


def _interval_fields(stored: Mapping[str, Any]) -> dict[str, str]:
    seconds = float(stored["interval"])
    whole = [unit for unit, length in UNITS.items() if seconds % length == 0 and seconds >= length]
    unit = whole[-1] if whole else "seconds"
    anchor = parse_time(stored["anchor_date"]).astimezone(ZoneInfo(stored.get("timezone") or "UTC"))
    return {"every": f"{seconds / UNITS[unit]:g}", "unit": unit, "anchor": anchor.isoformat(timespec="seconds")[:19]}


def _seconds(values: Mapping[str, str]) -> float:
    try:
        seconds = float(values["every"]) * UNITS.get(values["unit"], 1)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_INTERVAL:
        raise ValueError("How often has to be a number above 0, such as 15, and at most a hundred years.")
    return seconds


def _anchor(text: str, zone: str | None) -> str:
    """When the first step was, on the clock of the zone; nothing means now."""
    if not text:
        return now().replace(microsecond=0).isoformat()
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone or "UTC"))
        moment.astimezone(ZoneInfo("UTC"))
    except (ValueError, OverflowError):
        raise ValueError("The first time is no time; a time looks like 2026-11-21T18:30.") from None
    return moment.isoformat()


def _rule(text: str) -> str:
    if not text:
        raise ValueError("A rule looks like FREQ=WEEKLY;BYDAY=MO,TH.")
    return checked_rule("\n".join(text.splitlines()))


def _runs_ahead(text: str) -> int | None:
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST_RUNS_AHEAD:
        raise ValueError(f"The number of runs ahead goes from 1 to {MOST_RUNS_AHEAD}; leave it empty for the usual.")
    return number
