"""Samples of both sides, turn by turn."""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.databases import database
from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.sides import CannotMeasure, Side

LIMIT = "limit"  # what the limit's samples are kept under, beside those of the sides


@dataclass
class Outcome:
    """What a row came to with one database.

    `samples` are by side, in the order of the rounds; `void` says why they do not count.
    """

    row: Row
    database: str
    items: int
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    void: str | None = None

    def values(self, side: str, figure: Figure) -> list[float]:
        """Of each round; empty where the side does not tell this figure."""
        return [sample[figure.name] for sample in self.samples.get(side, []) if figure.name in sample]

    def median(self, side: str, figure: Figure) -> float | None:
        values = self.values(side, figure)
        return statistics.median(values) if values else None

    def times_better(self, figure: Figure) -> float | None:
        """By how much ours is better than Prefect's."""
        return self._times_better(figure, "prefect")

    def limit_is_better(self, figure: Figure) -> float | None:
        """How many times better than ours the limit is."""
        better = self._times_better(figure, LIMIT)
        return 1 / better if better else None

    def met(self, figure: Figure) -> bool | None:
        """Whether every goal of the figure is met. None where it has none."""
        ours = self.median("ours", figure)
        if self.void is not None or ours is None:
            return False
        goals = []
        if figure.times is not None:
            goals.append((self.times_better(figure) or 0) >= figure.times)
        if figure.of_limit is not None:
            goals.append((self.limit_is_better(figure) or float("inf")) <= figure.of_limit)
        if figure.bound is not None:
            goals.append(figure.is_within_bound(ours))
        return all(goals) if goals else None

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.row.name,
            "about": self.row.about,
            "database": self.database,
            "items": self.items,
            "void": self.void,
            "figures": {
                figure.name: {
                    "unit": figure.unit,
                    "better": figure.better,
                    **{side: self.values(side, figure) for side in self.samples},
                    "times_better": self.times_better(figure),
                    "limit_is_better": self.limit_is_better(figure),
                    "met": self.met(figure),
                }
                for figure in self.row.figures
            },
        }

    def _times_better(self, figure: Figure, other: str) -> float | None:
        ours, others = self.median("ours", figure), self.median(other, figure)
        if self.void is not None or ours is None or others is None:
            return None
        return figure.times_better(ours, others)


def measured(
    row: Row,
    sides: list[Side],
    *,
    on: str,
    rounds: int,
    items: int,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """A B A B …: whatever else the machine does hits both. One sample that is wrong voids the row."""
    compared = [side for side in sides if row.compared or side.name == "ours"]
    outcome = Outcome(row, on, items)
    try:
        with ExitStack() as stack:
            place = stack.enter_context(database(on))
            running = [stack.enter_context(row.stage(side, place)) for side in compared]
            turns: list[tuple[str, Callable[[], Sample]]] = [
                (side.name, partial(row.measure, side, items)) for side in running
            ]
            if row.limit is not None:
                turns.append((LIMIT, partial(row.limit.measure, place, items)))
            rounds = min(rounds, row.rounds or rounds)
            for number in range(rounds):
                for name, measure in turns:
                    sample = dict(measure())
                    outcome.samples.setdefault(name, []).append(sample)
                    say(f"{row.name} on {on}, round {number + 1} of {rounds}, {name}: {_in_words(row, sample)}")
    except (Incorrect, CannotMeasure, subprocess.TimeoutExpired, OSError, ValueError) as error:
        outcome.void = f"{type(error).__name__}: {error}"
        say(f"{row.name} on {on} is void: {outcome.void}")
    return outcome


def _in_words(row: Row, sample: Sample) -> str:
    units = {figure.name: figure.unit for figure in row.figures}
    return ", ".join(f"{name} {value:.3f} {units[name]}" for name, value in sample.items())
