"""Large amounts of rows, worked off in pieces that nobody notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic, sleep
from typing import TypeVar

from django.db import connection

Row = TypeVar("Row")

PAUSE_SECONDS = 0.01  # between two batches on SQLite, so that other writers get their turns

_may_go_on: ContextVar[Callable[[], bool]] = ContextVar("may_go_on", default=lambda: True)


def repeat(batch: Callable[[], int], *, seconds: float) -> int:
    """Call `batch` until it finds nothing more, but begin none after `seconds`. Returns the sum of its answers."""
    until = monotonic() + seconds
    total = 0
    while done := batch():
        total += done
        if monotonic() >= until or not _may_go_on.get()():
            break
        if connection.vendor == "sqlite":
            sleep(PAUSE_SECONDS)
    return total


def pieces(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """The rows in pieces, up to the end, or until whoever works on them may not go on."""
    for start in range(0, len(rows), size):
        if start and not _may_go_on.get()():
            break
        yield rows[start : start + size]


@contextmanager
def asking_between_batches(may_go_on: Callable[[], bool]) -> Iterator[None]:
    """Inside, every `repeat` and all `pieces` ask after each batch whether they may begin another."""
    token = _may_go_on.set(may_go_on)
    try:
        yield
    finally:
        _may_go_on.reset(token)
