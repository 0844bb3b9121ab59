"""Why the API did not take something, in sentences that name the place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from orchestrator.sdk.errors import ApiError

# A value that fits none of several forms is told of once for each form; the form's name stands in the place.
_FORMS = {"IntervalSchedule": "interval", "CronSchedule": "cron", "RRuleSchedule": "rrule"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """`place` are the keys and positions on the way into what was sent; empty when it is about all of it."""

    place: tuple[str | int, ...]
    reason: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.place))}: {self.reason}" if self.place else self.reason


def refusals(error: ApiError) -> list[Refusal]:
    """What the answer names, at least one thing."""
    body = error.body if isinstance(error.body, dict) else {}
    found = body.get("exception_detail")
    if not isinstance(found, list):
        said = body.get("detail") or body.get("exception_message") or str(error)
        return [Refusal((), str(said))]
    meant = [item for item in found if isinstance(item, dict) and not _is_of_another_form(item, found)]
    return list(dict.fromkeys(_refusal(item) for item in meant)) or [Refusal((), str(found))]


def _refusal(item: dict[str, Any]) -> Refusal:
    place = tuple(part for part in _place(item) if _form_of(part) is None)
    reason = str(item.get("msg", "")).removeprefix("Value error, ")
    return Refusal(place, reason)


def _place(item: dict[str, Any]) -> list[str | int]:
    return [part for part in item.get("loc") or () if part != "body"]


def _form_of(part: str | int) -> str | None:
    """The form that this part of a place stands for; it may have its checks around it."""
    words = set(re.findall(r"\w+", part)) if isinstance(part, str) else set()
    return next((form for form in _FORMS if form in words), None)


def _is_of_another_form(item: dict[str, Any], found: list[dict[str, Any]]) -> bool:
    """Whether the value was meant to have another form: the key that this form cannot do without is missing."""
    place = _place(item)
    for depth, part in enumerate(place):
        if form := _form_of(part):
            key = [*place[: depth + 1], _FORMS[form]]
            return any(other.get("type") == "missing" and _place(other) == key for other in found)
    return False
