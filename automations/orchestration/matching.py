"""Whether an event is one that a trigger waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import translate
from functools import lru_cache
from re import Pattern, compile
from typing import Any

Labels = Mapping[str, str]
Specification = Mapping[str, Any]  # label -> a pattern, or a list of patterns of which one must fit

_ROLE = "prefect.resource.role"


def covers(trigger: Mapping[str, Any], *, resource: Labels, related: Sequence[Labels]) -> bool:
    """Whether the event's resources are those that the trigger watches.

    All labels of `match` must fit the event's own resource; for each specification of `match_related` there must be
    one related resource that all its labels fit.
    """
    if not fits(trigger.get("match") or {}, resource):
        return False
    wanted = trigger.get("match_related") or []
    specifications = wanted if isinstance(wanted, list) else [wanted]
    return all(not one or any(fits(one, labels) for labels in related) for one in specifications)


def fits(specification: Specification, labels: Labels) -> bool:
    """A label that is missing fits no pattern, not even a negated one."""
    return all(
        label in labels and any(_fits_pattern(pattern, labels[label]) for pattern in _listed(patterns))
        for label, patterns in specification.items()
    )


def is_named(names: Sequence[str], event: str) -> bool:
    """Whether the event is among the names, in which `*` stands for anything."""
    return any(_fits_glob(event, name) for name in names)


def values_of(for_each: Sequence[str], *, resource: Labels, related: Sequence[Labels]) -> dict[str, str]:
    """The labels that tell the event's bucket from others. `related:<role>:<label>` is read from the first resource
    with that role; what is missing is an empty text."""
    return {name: _value(name, resource, related) for name in sorted(for_each)}


def _value(name: str, resource: Labels, related: Sequence[Labels]) -> str:
    word, _, rest = name.partition(":")
    if word != "related" or ":" not in rest:
        return resource.get(name, "")
    role, _, label = rest.partition(":")
    return next((labels.get(label, "") for labels in related if labels.get(_ROLE) == role), "")


def _listed(patterns: Any) -> list[str]:
    return patterns if isinstance(patterns, list) else [patterns]


def _fits_pattern(pattern: str, value: str) -> bool:
    if pattern.startswith("!"):
        return not _fits_glob(value, pattern[1:])
    return _fits_glob(value, pattern)


def _fits_glob(value: str, pattern: str) -> bool:
    return _compiled(pattern).match(value) is not None


@lru_cache(maxsize=20_000)  # the library keeps so few that many automations would compile theirs for every event
def _compiled(pattern: str) -> Pattern[str]:
    return compile(translate(pattern))
