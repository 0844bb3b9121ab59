"""A stage: a server with 400 flow runs, four fifths of them COMPLETED, every one with a tag."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.databases import Database
from benchmarks.driving.requests import made_runs
from benchmarks.sides import Side
from benchmarks.stages import server

RUNS = 400
COMPLETED = RUNS * 4 // 5
TAG = "north"


@contextmanager
def many_runs(side: Side, database: Database) -> Iterator[Side]:
    with server(side, database) as served:
        made_runs(served, RUNS - COMPLETED, state={"type": "FAILED"})
        made_runs(served, COMPLETED, state={"type": "COMPLETED"})
        yield served
