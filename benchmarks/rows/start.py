"""How soon a run begins: from the call that creates it until it is RUNNING, on a warm worker with nothing else to do.

The clock is read when the request that creates the run is about to be sent, and compared with the time of the run's
first RUNNING state. Both servers stamp a state themselves when it is proposed, and all clocks are this machine's. So
the figure has everything in it: the request that creates the run, how the worker hears of it, and what it does until
the flow begins.

A run is created when the one before it has ended, and after a pause. The pauses are spread over ten seconds, which is
how often Prefect's worker looks for runs: else each would be created just after such a look, and wait longest. With so
few runs the 95th percentile is the slowest of a round.
"""

from __future__ import annotations

import statistics
import time
from datetime import datetime

from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.given.deployed import create_run, deployed, deployment_id, wait_until_completed
from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.sides import Side

_RUN_SECONDS = 120.0
_PAUSES_SECONDS = 10.0
_SPREAD = 0.618  # of the pauses: each falls into the widest gap between those before it


def measure(side: Side, items: int) -> Sample:
    """One after the other, each awaited to its end."""
    deployment = deployment_id(side)
    milliseconds = sorted(_milliseconds(side, deployment, after_seconds=pause) for pause in _pauses(items))
    return {"p50": statistics.median(milliseconds), "p95": milliseconds[-(-95 * items // 100) - 1]}


def _pauses(items: int) -> list[float]:
    return [_PAUSES_SECONDS * (number * _SPREAD % 1) for number in range(items)]


def _milliseconds(side: Side, deployment: str, *, after_seconds: float) -> float:
    time.sleep(after_seconds)
    asked_at = time.time()
    run_id = create_run(side, deployment)
    (run,) = wait_until_completed(side, deployment, [run_id], seconds=_RUN_SECONDS)
    took = datetime.fromisoformat(run["start_time"]).timestamp() - asked_at
    if took <= 0:
        raise Incorrect(f"{side.name}: run {run_id} began before it was asked for")
    return took * 1000


ROW = Row(
    name="start",
    about="created → RUNNING of a deployment's no-op flow, on a warm worker",
    items=6,
    rounds=3,
    figures=(Figure("p50", "ms", times=40, bound=60), Figure("p95", "ms", times=40)),
    measure=measure,
    stage=deployed,
    databases=(SQLITE, POSTGRESQL),
)
