"""`from … import flow, task`, over what the bare interpreter takes.

Bare is without `site` (`-S`): what an environment imports by itself at every start, such as the finder of an editable
install, may be what the library needs too, and would come for nothing. Compiled files are kept, as they are where
somebody has installed a library.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.sides import Side
from benchmarks.stages import nothing


def measure(side: Side, items: int) -> Sample:
    """The median of `items` imports, less that of as many empty programs, one after the other."""
    side = _keeping_what_is_compiled(side)
    program = f"from {side.library} import flow, task; print(callable(flow) and callable(task))"
    side.run("-c", program)  # what is compiled once is compiled now
    bare, importing = [], []
    for _ in range(items):
        bare.append(_milliseconds(side, "-S", "-c", "pass", says=""))
        importing.append(_milliseconds(side, "-c", program, says="True\n"))
    return {"time": statistics.median(importing) - statistics.median(bare)}


def _keeping_what_is_compiled(side: Side) -> Side:
    kept = {name: value for name, value in side.environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return replace(side, environment=kept)


def _milliseconds(side: Side, *arguments: str, says: str) -> float:
    began = time.perf_counter()
    said = side.run(*arguments)
    milliseconds = (time.perf_counter() - began) * 1000
    if said != says:
        raise Incorrect(f"{side.name}: {arguments[-1]!r} said {said!r}")
    return milliseconds


ROW = Row(
    name="import",
    about="`from … import flow, task` over bare Python",
    items=7,
    figures=(Figure("time", "ms", times=20),),
    measure=measure,
    stage=nothing,
)
