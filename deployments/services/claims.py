"""Taking a run from a pool: what the pool allows is asked before the run."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from deployments.models import WorkPool, WorkQueue
from deployments.services.dispatch import dispatch_run
from deployments.services.hand_out import occupied_in
from deployments.services.work_pools import get_work_pool
from orchestrator.contract.states import StateType
from runs.errors import ClaimRefused
from runs.models import Claim, FlowRun
from runs.services.claims import claim_run, release_claim


def claim_from_pool(
    *,
    pool_name: str,
    flow_run_id: UUID,
    worker_name: str,
    process_id: int | None = None,
    work_queue_names: Sequence[str] = (),
) -> tuple[FlowRun, Claim]:
    """Take a run that waits in this pool, and in one of these queues unless none is named.

    Raises WorkPoolNotFound, RunNotFound, and ClaimRefused when pool or queue are paused or full, when the run waits
    elsewhere, or when it cannot be taken now (see `claim_run`).
    """

    def allow(run: FlowRun) -> None:
        queue = run.work_queue
        if queue is None or queue.work_pool.name != pool_name:
            get_work_pool(pool_name)
            raise ClaimRefused(f"The run does not wait in work pool {pool_name!r}.")
        if work_queue_names and queue.name not in work_queue_names:
            raise ClaimRefused(f"The run waits in work queue {queue.name!r}, which this worker does not serve.")
        pool = queue.work_pool
        if pool.is_paused or queue.is_paused:
            raise ClaimRefused(f"Work {'pool' if pool.is_paused else 'queue'} is paused.")
        if pool.concurrency_limit is not None or queue.concurrency_limit is not None:
            _refuse_when_full(pool, queue)

    return claim_run(flow_run_id=flow_run_id, worker_name=worker_name, process_id=process_id, allow=allow)


def give_back(*, claim_id: UUID, reason: str | None = None) -> None:
    """The holder is done with its run. One that was resumed or retried meanwhile begins at once."""
    run = release_claim(claim_id=claim_id, reason=reason)
    if run is not None and run.state_type == StateType.SCHEDULED:
        dispatch_run(flow_run_id=run.pk)


def _refuse_when_full(pool: WorkPool, queue: WorkQueue) -> None:
    _take_turns(pool)
    occupied = occupied_in(pool)
    if pool.concurrency_limit is not None and sum(occupied.values()) >= pool.concurrency_limit:
        raise ClaimRefused(f"Work pool {pool.name!r} is full: {pool.concurrency_limit} runs at a time.")
    if queue.concurrency_limit is not None and occupied.get(queue.pk, 0) >= queue.concurrency_limit:
        raise ClaimRefused(f"Work queue {queue.name!r} is full: {queue.concurrency_limit} runs at a time.")


def _take_turns(pool: WorkPool) -> None:
    """Wait for the others who count the places of this pool, so that no two take the last one.

    Not by a lock of the pool's row: whoever deletes a pool locks that before the runs, and a claim has locked its run.
    Nothing is needed on SQLite, where whole transactions take turns.
    """
    if connection.vendor == "postgresql":
        key = int.from_bytes(pool.pk.bytes[-8:], signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
