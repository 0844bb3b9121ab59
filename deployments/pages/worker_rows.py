"""The workers of a pool as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.models import Worker, WorkPool
from deployments.pages.pool_rows import Look, runs_words
from runs.models import Claim, FlowRun

MOST = 50  # workers that the page of a pool shows, those that were heard last
MOST_RUNS = 100  # claimed runs that are told of all these workers


@dataclass(frozen=True, slots=True)
class WorkerRow:
    worker: Worker
    look: Look
    offline_since: datetime | None
    runs: Sequence[FlowRun]
    version: str
    host: str


def rows_of_workers(pool: WorkPool, at: datetime) -> list[WorkerRow]:
    """Those that were heard last, online ones first. Two queries."""
    workers = list(Worker.objects.filter(work_pool=pool).order_by("-last_heartbeat_time", "name")[:MOST])
    runs = claimed_runs(pool, [worker.name for worker in workers])
    rows = [row_of_worker(worker, runs.get(worker.name, ()), at) for worker in workers]
    return sorted(rows, key=lambda row: row.offline_since is not None)


def row_of_worker(worker: Worker, runs: Sequence[FlowRun], at: datetime) -> WorkerRow:
    metadata = worker.metadata or {}
    return WorkerRow(
        worker=worker,
        look=_look(worker, len(runs), at),
        offline_since=worker.offline_since(at),
        runs=runs,
        version=_text(metadata.get("version")),
        host=_text(metadata.get("host")),
    )


def claimed_runs(pool: WorkPool, names: Sequence[str]) -> dict[str, list[FlowRun]]:
    """By worker, what it executes now. Workers that claim nothing, such as Prefect's, are left out. One query."""
    found: dict[str, list[FlowRun]] = {}
    if not names:
        return found
    # In the order of the index of what is held, so that the database reads that, and not all that the pool ever ran.
    held = Claim.objects.held().filter(worker_name__in=names).order_by("lease_expires_at")
    held = held.select_related("flow_run__flow", "flow_run__work_queue")
    held = held.defer("flow_run__parameters", "flow_run__context")
    for claim in sorted(held[:MOST_RUNS], key=lambda claim: claim.claimed_at):
        queue = claim.flow_run.work_queue
        if queue is not None and queue.work_pool_id == pool.pk:  # a worker is known by its name within its pool
            found.setdefault(claim.worker_name, []).append(claim.flow_run)
    return found


def _look(worker: Worker, running: int, at: datetime) -> Look:
    if worker.offline_since(at) is not None:
        left = worker.status == Worker.Status.OFFLINE and worker.silent_after <= worker.last_heartbeat_time
        reason = (
            _goodbye(running) if left else f"No sign of life, expected every {worker.heartbeat_interval_seconds} s."
        )
        return Look("cancelled" if left else "failed", "stop" if left else "cross", "Offline", reason)
    if worker.broker_state == Worker.BrokerState.LOST:
        return Look("failed", "cross", "Cut off", "Messages that it sends itself over the broker do not come back.")
    if worker.broker_state == Worker.BrokerState.BUSY:
        return Look("running", "play", "Busy", "Every process of it executes a run.")
    return Look("completed", "check", "Online")


def _goodbye(running: int) -> str:
    if not running:
        return "It said goodbye."
    return f"It said goodbye, and lets {runs_words(running)} end."


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
