"""No-op tasks in one flow run, in the three ways of calling them. Each side reports to its own server.

Tasks are told to the server in the background, so there are two figures. `per task` is what the author waits for: from
the first call to the last result. `recorded` is from the first call until the script has ended and the server has every
run COMPLETED.
"""

from __future__ import annotations

import json
import time

from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.sides import ROOT, Side

_RECORDED_SECONDS = 120.0  # how long the server may take to have all of them
_LOOK_SECONDS = 0.1
_SCRIPT = ROOT / "benchmarks" / "programs" / "tasks.py"


def row(kind: str, about: str, *, items: int, bound: float | None = None) -> Row:
    def measure(side: Side, items: int) -> Sample:
        told = json.loads(side.run(str(_SCRIPT), side.library, kind, str(items)).splitlines()[-1])
        wait_until_recorded(side, told["flow_run_id"], items)
        recorded_seconds = time.time() - float(told["began_at"])
        return {
            "per task": float(told["seconds"]) / items * 1000,
            "recorded": recorded_seconds / items * 1000,
        }

    figures = (Figure("per task", "ms", times=10, bound=bound), Figure("recorded", "ms"))
    return Row(name=kind, about=about, items=items, figures=figures, measure=measure)


def wait_until_recorded(side: Side, flow_run_id: str, items: int) -> None:
    """Until the server has every task run as COMPLETED, and no others. Raises Incorrect when it does not get there."""
    wanted = {"flow_runs": {"id": {"any_": [flow_run_id]}}}
    completed = {**wanted, "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    deadline = time.monotonic() + _RECORDED_SECONDS
    while (found := side.ask("/task_runs/count", completed)) != items and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    state = side.ask(f"/flow_runs/{flow_run_id}")["state_type"]
    if (found, state) != (items, "COMPLETED") or side.ask("/task_runs/count", wanted) != items:
        raise Incorrect(f"{side.name}: the server has {found} completed task runs of {items}, and the flow is {state}")
