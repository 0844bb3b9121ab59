"""No-op tasks in one flow run, in the three ways of calling them. Each side reports to its own server."""

from __future__ import annotations

import json
import time

from benchmarks.rows.row import Figure, Incorrect, Row, Sample
from benchmarks.sides import ROOT, Side

_RECORDED_SECONDS = 120.0  # how long the server may take to have all of them
_SCRIPT = ROOT / "benchmarks" / "programs" / "tasks.py"


def row(kind: str, about: str, *, items: int, bound: float | None = None) -> Row:
    def measure(side: Side, items: int) -> Sample:
        """Told once the server has every one of them as COMPLETED."""
        told = json.loads(side.run(str(_SCRIPT), side.library, kind, str(items)).splitlines()[-1])
        _check(side, told["flow_run_id"], items)
        return {"per task": float(told["seconds"]) / items * 1000}

    figures = (Figure("per task", "ms", times=10, bound=bound),)
    return Row(name=kind, about=about, items=items, figures=figures, measure=measure)


def _check(side: Side, flow_run_id: str, items: int) -> None:
    wanted = {"flow_runs": {"id": {"any_": [flow_run_id]}}}
    completed = {**wanted, "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    deadline = time.monotonic() + _RECORDED_SECONDS
    while (found := side.ask("/task_runs/count", completed)) != items and time.monotonic() < deadline:
        time.sleep(0.25)
    state = side.ask(f"/flow_runs/{flow_run_id}")["state_type"]
    if (found, state) != (items, "COMPLETED") or side.ask("/task_runs/count", wanted) != items:
        raise Incorrect(f"{side.name}: the server has {found} completed task runs of {items}, and the flow is {state}")
