"""What a row of the table is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.databases import SQLITE, Database
from benchmarks.sides import Side
from benchmarks.stages import server

Sample = Mapping[str, float]  # a value for each figure of the row
Stage = Callable[[Side, Database], AbstractContextManager[Side]]


class Incorrect(Exception):
    """A side did not do what was asked of it: its time says nothing, and the row is void."""


@dataclass(frozen=True)
class Figure:
    """One figure that a row tells of each side, and what it is to come to. A goal that is None is not set.

    `times`: by how much ours is better than Prefect's, at least.
    `bound`: what ours is at most, or at least where more is better; in `unit`.
    `of_limit`: how many times the limit's ours is at most, or where more is better, the limit's is of ours.
    """

    name: str
    unit: str
    better: Literal["less", "more"] = "less"
    times: float | None = None
    bound: float | None = None
    of_limit: float | None = None

    def times_better(self, ours: float, other: float) -> float | None:
        """By how much `ours` is better than `other`: 2.0 is twice as good. None where one is nothing."""
        if ours <= 0 or other <= 0:
            return None
        return other / ours if self.better == "less" else ours / other

    def is_within_bound(self, ours: float) -> bool:
        return self.bound is None or (ours <= self.bound if self.better == "less" else ours >= self.bound)


@dataclass(frozen=True)
class Limit:
    """What no server could be better than, measured in turn with both sides: the same figures, or some of them."""

    about: str
    measure: Callable[[Database, int], Sample]


@dataclass(frozen=True)
class Row:
    """`measure` gives a sample of one side for so many `items`; it raises Incorrect when the side did not do the work.

    `stage` puts up what has to stand around all rounds, a server for instance, anew for each row and database.
    `databases` are those for which the row is measured. `compared` is False where Prefect has nothing to compare with.
    `rounds` is how many make sense, if that is fewer than asked for.
    """

    name: str
    about: str
    items: int
    figures: tuple[Figure, ...]
    measure: Callable[[Side, int], Sample]
    stage: Stage = field(default=server)
    databases: tuple[str, ...] = (SQLITE,)
    compared: bool = True
    limit: Limit | None = None
    rounds: int | None = None
