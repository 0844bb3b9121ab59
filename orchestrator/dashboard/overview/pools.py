"""Work pools with their health. Two queries beside what is known of runs under way."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from deployments.models import WorkPool, WorkQueue
from deployments.pages.pool_rows import PoolRow, row_of
from deployments.services.loads import Load, online_workers
from orchestrator.statements.reading import PreparedQuery

MOST_QUEUES = 500
MOST_POOLS = 8


def pool_rows(loads: dict[UUID, Load], now: datetime) -> list[PoolRow]:
    """All pools, those in trouble first. A pool without a queue does not exist."""
    pools: dict[UUID, WorkPool] = {}
    queues: dict[UUID, list[WorkQueue]] = {}
    for queue in _first_queues.all():
        pools[queue.work_pool_id] = queue.work_pool
        queues.setdefault(queue.work_pool_id, []).append(queue)
    online = online_workers(pools.values(), now)
    made = [row_of(pool, queues[key], loads, online.get(key, []), now) for key, pool in pools.items()]
    return sorted(made, key=lambda row: (not has_nobody(row), -row.load.late, row.pool.name))


_first_queues = PreparedQuery(
    lambda: (
        WorkQueue.objects.select_related("work_pool")
        .defer("filter", "work_pool__base_job_template", "work_pool__storage_configuration")
        .order_by("work_pool__name", "priority")[:MOST_QUEUES]
    )
)


def has_nobody(row: PoolRow) -> bool:
    """Whether runs wait that no worker will begin. Paused pools wait on purpose, and agents are not seen."""
    return not row.pool.is_paused and row.look.word == "No worker" and row.load.waiting > 0
