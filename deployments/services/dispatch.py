"""Bring due runs to our own workers. The database is the queue; what is sent is only a call to look into it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import current_app
from django.db.models import F, QuerySet

from deployments.models.work_pools import CELERY, WorkPool
from orchestrator.contract.times import now
from runs.models import FlowRun

WAKE_UP_TASK = "orchestrator.execute"
WAKE_UP_LIFETIME_SECONDS = 120  # later ones were sent meanwhile; generous, because clocks of hosts differ
JUST_NOW = timedelta(seconds=2)  # longer than the pause between two calls of `dispatch_due_runs`
BATCH = 200  # runs that one call wakes workers for


def dispatch_run(*, flow_run_id: UUID) -> bool:
    """Wake a worker for this run if it is due on a Celery pool. Returns whether one was woken."""
    return bool(_wake_workers_for(_waiting().filter(pk=flow_run_id)))


def dispatch_due_runs() -> int:
    """Wake workers for the runs that became due just now. Returns for how many.

    A run that was due when it was scheduled is not among them: its workers were woken then.
    """
    planned_ahead = _waiting().filter(state_timestamp__lt=F("next_scheduled_start_time"))
    return _wake_workers_for(_most_urgent(planned_ahead.filter(next_scheduled_start_time__gt=now() - JUST_NOW)))


def dispatch_waiting_runs() -> int:
    """Wake workers again for runs that have been due for a while. Returns for how many.

    A wake-up may have been lost, or have come to a worker that died. A run that is taken refuses a second claim.
    Each queue gets a batch of its own, so that one that is full holds up no other. A pool without workers gets
    nothing: nobody would read the messages, and they would pile up in the broker.
    """
    waiting = _waiting().filter(
        next_scheduled_start_time__lte=now() - JUST_NOW, work_queue__work_pool__status=WorkPool.Status.READY
    )
    queues = list(waiting.order_by().values_list("work_queue", flat=True).distinct())
    return sum(_wake_workers_for(_most_urgent(waiting.filter(work_queue=queue))) for queue in queues)


def broker_queue(pool_name: str) -> str:
    """The broker's queue on which the workers of a pool listen."""
    return f"pool.{pool_name}"


def _waiting() -> QuerySet[FlowRun]:
    return FlowRun.objects.due(now()).filter(
        work_queue__work_pool__type=CELERY, work_queue__is_paused=False, work_queue__work_pool__is_paused=False
    )


def _most_urgent(runs: QuerySet[FlowRun]) -> QuerySet[FlowRun]:
    return runs.order_by("work_queue__priority", "next_scheduled_start_time")[:BATCH]


def _wake_workers_for(runs: QuerySet[FlowRun]) -> int:
    waiting = runs.values(
        "pk",
        "job_variables",
        pool=F("work_queue__work_pool__name"),
        deployment_variables=F("deployment__job_variables"),
    )
    for run in waiting:
        _send_wake_up(run)
    return len(waiting)


def _send_wake_up(run: Mapping[str, Any]) -> None:
    variables = {**(run["deployment_variables"] or {}), **(run["job_variables"] or {})}
    current_app.send_task(
        WAKE_UP_TASK,
        kwargs={"flow_run_id": str(run["pk"]), "pool": run["pool"]},
        queue=broker_queue(run["pool"]),
        expires=WAKE_UP_LIFETIME_SECONDS,
        soft_time_limit=_time_limit(variables.get("soft_time_limit_seconds")),
        time_limit=_time_limit(variables.get("time_limit_seconds")),
        ignore_result=True,
    )


def _time_limit(seconds: Any) -> float | None:
    """None for what is no time: job variables hold anything, and a worker that is sent such a limit breaks on it."""
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    return seconds if usable else None
