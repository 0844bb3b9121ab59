"""Tasks of a `.map()` that execute on Celery workers, against the same tasks with Celery alone.

Celery alone is what its documentation begins with: an app, a task, a group, the defaults; on the same broker, with a
worker of as many processes. Its results come back over that broker too: through Celery's Redis backend where there is a
Redis, else as messages (`rpc://`). It keeps no record of anything, and tells no server.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.databases import POSTGRESQL, SQLITE, Database
from benchmarks.no_op_tasks import wait_until_recorded
from benchmarks.row import Figure, Limit, Row, Sample
from benchmarks.servers import started
from benchmarks.sides import ROOT, Side, ours
from benchmarks.stages import POOL, PROCESSES, server_and_worker
from orchestrator.broker import broker_url

_PROGRAMS = ROOT / "benchmarks" / "programs"


def measure(side: Side, items: int) -> Sample:
    """Told once the server has every one of them as COMPLETED."""
    told = json.loads(side.run(str(_PROGRAMS / "celery_tasks.py"), POOL, str(items)).splitlines()[-1])
    wait_until_recorded(side, told["flow_run_id"], items)
    return {"per task": float(told["seconds"]) / items * 1000}


def measure_celery_alone(database: Database, items: int) -> Sample:
    """With a worker of its own, which ends afterwards. The first, small group waits until it is there."""
    with tempfile.TemporaryDirectory(prefix="bench-celery-", ignore_cleanup_errors=True) as home:
        broker = database.redis_url or broker_url(Path(home, "broker.db"))
        environment = {"BARE_BROKER": broker, "BARE_RESULTS": database.redis_url or "rpc://"}
        side = replace(ours(), name="Celery alone", library="celery", home=Path(home))
        side = replace(side, environment={**side.environment, **environment})
        worker = ["-A", "benchmarks.programs.bare_celery", "worker", "--concurrency", str(PROCESSES)]
        with started(side, worker, log="worker.log"):
            told = json.loads(side.run(str(_PROGRAMS / "bare_celery.py"), str(items), timeout_seconds=300))
    return {"per task": float(told["seconds"]) / items * 1000}


ROW = Row(
    name="celery",
    about="no-op tasks with `.map()` on Celery workers of two processes",
    items=2000,
    figures=(Figure("per task", "ms", of_limit=1.5),),
    measure=measure,
    databases=(SQLITE, POSTGRESQL),
    compared=False,
    stage=server_and_worker,
    limit=Limit("Celery alone: a group of as many tasks", measure_celery_alone),
)
