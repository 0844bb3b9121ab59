"""`from … import flow, task`, over what the bare interpreter takes."""

from __future__ import annotations

import statistics
import time

from benchmarks.rows.row import Incorrect, Row
from benchmarks.sides import Side


def measure(side: Side, items: int) -> float:
    """Milliseconds: the median of `items` imports, less that of as many empty programs, one after the other."""
    program = f"from {side.library} import flow, task; print(callable(flow) and callable(task))"
    side.run("-c", program)  # what is compiled once is compiled now
    bare, importing = [], []
    for _ in range(items):
        bare.append(_milliseconds(side, "pass", ""))
        importing.append(_milliseconds(side, program, "True\n"))
    return statistics.median(importing) - statistics.median(bare)


def _milliseconds(side: Side, program: str, said: str) -> float:
    began = time.perf_counter()
    found = side.run("-c", program)
    milliseconds = (time.perf_counter() - began) * 1000
    if found != said:
        raise Incorrect(f"{side.name}: {program!r} said {found!r}")
    return milliseconds


ROW = Row(
    name="import",
    about="`from … import flow, task` over bare Python",
    unit="ms",
    goal=20,
    items=7,
    measure=measure,
    needs_server=False,
)
