"""A stage: a server with 400 flow runs, four fifths of them COMPLETED, every one with a tag.

PostgreSQL gathers statistics of a table within a minute or so after it changed. That minute is not waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.databases import Database, gather_statistics
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
        gather_statistics(database, side.name)
        yield served
