"""Samples of both sides, turn by turn."""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.rows.row import Incorrect, Row
from benchmarks.sides import CannotMeasure, Side


@dataclass
class Outcome:
    """What a row came to. `samples` are by side, in the order of the rounds; `void` says why they do not count."""

    name: str
    about: str
    unit: str
    goal: float
    items: int
    samples: dict[str, list[float]] = field(default_factory=dict)
    void: str | None = None

    def median(self, side: str) -> float:
        return statistics.median(self.samples[side])

    @property
    def ratio(self) -> float | None:
        """By how much ours is less. None for a void row, and when nothing is left to divide by."""
        if self.void is not None or self.median("ours") <= 0:
            return None
        return self.median("prefect") / self.median("ours")

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def measured(
    row: Row, sides: list[Side], *, rounds: int, items: int, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """A B A B …: whatever else the machine does hits both. One sample that is wrong voids the row."""
    outcome = Outcome(row.name, row.about, row.unit, row.goal, items, {side.name: [] for side in sides})
    try:
        for number in range(rounds):
            for side in sides:
                value = row.measure(side, items)
                outcome.samples[side.name].append(value)
                say(f"{row.name}, round {number + 1} of {rounds}, {side.name}: {value:.3f} {row.unit}")
    except (Incorrect, CannotMeasure, subprocess.TimeoutExpired, OSError, ValueError) as error:
        outcome.void = f"{type(error).__name__}: {error}"
    return outcome
