"""What a row of the table is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.sides import Side


class Incorrect(Exception):
    """A side did not do what was asked of it: its time says nothing, and the row is void."""


@dataclass(frozen=True)
class Row:
    """`measure` gives one value, in `unit`, of one side for so many `items`; less is better.

    `goal` is by how much ours is to be less. `needs_server` says whether the sides must have one.
    """

    name: str
    about: str
    unit: str
    goal: float
    items: int
    measure: Callable[[Side, int], float]
    needs_server: bool = True
