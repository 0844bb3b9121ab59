"""What is wrong with a value, and where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

_LONGEST_VALUE = 80  # characters
_MOST_PROBLEMS = 20  # of a list of a million texts, the first will do


@dataclass(frozen=True, slots=True)
class Problem:
    """`place` is where in the parameter it is: `[2].name`, empty for the parameter itself. `said` may be empty."""

    place: str
    value: Any
    expected: str
    said: str = ""

    def inside(self, place: str) -> Problem:
        return replace(self, place=f"{place}{self.place}")

    def __str__(self) -> str:
        why = f" ({self.said})" if self.said else ""
        return f"{self.place} = {_shown(self)}: {self.expected} is expected{why}"


class Misfit(Exception):
    """A value is not what its type hint says."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems[:_MOST_PROBLEMS]


def _shown(problem: Problem) -> str:
    if "secret" in problem.expected.lower() or "secret" in problem.place.lower():
        return "(hidden)"
    try:
        text = repr(problem.value)
    except Exception:  # noqa: BLE001 - the value is anybody's
        text = f"<{type(problem.value).__name__}>"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
