"""Runs in a work pool, for tests that do not care in which."""

from __future__ import annotations

from runs.models import FlowRun
from tests.factories import make_work_pool


def pool_of(run: FlowRun) -> str:
    """The name of the run's work pool. A run that has none is put into one."""
    row = FlowRun.objects.select_related("work_queue__work_pool").get(pk=run.pk)
    if row.work_queue is None:
        FlowRun.objects.filter(pk=run.pk).update(work_queue=make_work_pool().default_queue)
        row.refresh_from_db()
    return str(row.work_queue.work_pool.name)
