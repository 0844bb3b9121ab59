"""How a reader wants the timeline, as the address says it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from uuid import UUID

from django.http import QueryDict

from orchestrator.pages.identifiers import whole_identifier

MOST_OPEN = 20  # groups and subflows


@dataclass(frozen=True, slots=True)
class Options:
    """`t0` and `t1` are seconds since the run began, None where the whole run is shown."""

    t0: float | None = None
    t1: float | None = None
    by_start: bool = False  # else what went wrong comes first
    hide_idle: bool = False
    open: frozenset[str] = field(default_factory=frozenset)  # keys of tasks whose runs are shown one by one
    subflows: tuple[UUID, ...] = ()  # whose tasks are shown
    task: UUID | None = None  # the chosen one

    @classmethod
    def from_query(cls, query: QueryDict) -> Options:
        """Whatever cannot be read asks for nothing."""
        t0, t1 = _seconds(query.get("t0")), _seconds(query.get("t1"))
        if t0 is not None and t1 is not None and t1 <= t0:
            t0 = t1 = None
        return cls(
            t0=t0,
            t1=t1,
            by_start=query.get("order") == "start",
            hide_idle=query.get("idle") == "hide",
            open=frozenset(query.getlist("open")[:MOST_OPEN]),
            subflows=tuple(found for text in query.getlist("sub")[:MOST_OPEN] if (found := whole_identifier(text))),
            task=whole_identifier(query.get("task")),
        )


def toggled(query: QueryDict, name: str, value: str) -> str:
    """The query with one of the values of `name` added, or taken out where it is there. Empty when nothing is left."""
    changed = query.copy()
    values = changed.getlist(name)
    changed.setlist(name, [one for one in values if one != value] if value in values else [*values, value])
    for gone in ("fragment", "after", "at"):
        changed.pop(gone, None)
    text = changed.urlencode()
    return f"?{text}" if text else ""


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and abs(seconds) < 1e9 else None
