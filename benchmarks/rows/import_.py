"""`from … import flow, task`, over what the bare interpreter takes."""

from __future__ import annotations

import statistics
import time

from benchmarks.rows.row import Figure, Incorrect, Row, Sample
from benchmarks.sides import Side
from benchmarks.stages import nothing


def measure(side: Side, items: int) -> Sample:
    """The median of `items` imports, less that of as many empty programs, one after the other."""
    program = f"from {side.library} import flow, task; print(callable(flow) and callable(task))"
    side.run("-c", program)  # what is compiled once is compiled now
    bare, importing = [], []
    for _ in range(items):
        bare.append(_milliseconds(side, "pass", ""))
        importing.append(_milliseconds(side, program, "True\n"))
    return {"time": statistics.median(importing) - statistics.median(bare)}


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
    items=7,
    figures=(Figure("time", "ms", times=20),),
    measure=measure,
    stage=nothing,
)
