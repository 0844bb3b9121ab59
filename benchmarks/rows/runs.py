"""How many runs of a deployment one worker gets done, with two processes.

All runs are created at once, by a few connections. The clock runs from the first request that creates one until the
last run is COMPLETED, by the time of that state, which both servers stamp themselves. Every run has to be begun exactly
once.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.given.deployed import create_run, deployed, deployment_id, wait_until_completed
from benchmarks.row import Figure, Row, Sample
from benchmarks.sides import Side

_CREATORS = 4  # connections
_SECONDS_FOR_EACH = 30.0  # more than any run takes; only what is stuck takes that long


def measure(side: Side, items: int) -> Sample:
    """The same number of runs on both sides."""
    deployment = deployment_id(side)
    with ThreadPoolExecutor(_CREATORS) as creators:
        began_at = time.time()
        run_ids = list(creators.map(partial(create_run, side), [deployment] * items))
    runs = wait_until_completed(side, deployment, run_ids, seconds=_SECONDS_FOR_EACH * (items + 2))
    ended_at = max(datetime.fromisoformat(run["end_time"]).timestamp() for run in runs)
    return {"rate": items / (ended_at - began_at)}


ROW = Row(
    name="runs",
    about="no-op runs of a deployment, one worker with two processes",
    items=40,
    rounds=3,
    figures=(Figure("rate", "runs/s", better="more", times=50),),
    measure=measure,
    stage=deployed,
    databases=(SQLITE, POSTGRESQL),
)
