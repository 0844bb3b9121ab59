"""Finished runs are deleted after a while, if that is wanted."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from orchestrator.contract.states import TERMINAL
from orchestrator.contract.times import now
from runs.errors import RunNotFound
from runs.models import FlowRun
from runs.services.flow_runs import delete_flow_run

BATCH = 50  # runs that one call deletes, each in a transaction of its own


def delete_old_runs() -> int:
    """Delete a batch of the runs that ended too long ago. Returns how many. Nothing unless a time is set.

    A subflow is kept as long as its parent, and is then as old as it is itself.
    """
    if not settings.RUNS_RETENTION_DAYS:
        return 0
    deleted = 0
    for run_id in _old(BATCH):
        with suppress(RunNotFound):  # somebody else was quicker
            delete_flow_run(flow_run_id=run_id)
            deleted += 1
    return deleted


def _old(limit: int) -> list[UUID]:
    ended_before = now() - timedelta(days=settings.RUNS_RETENTION_DAYS)
    old = FlowRun.objects.top_level().filter(end_time__lt=ended_before, state_type__in=TERMINAL)
    return list(old.order_by("end_time").values_list("pk", flat=True)[:limit])
