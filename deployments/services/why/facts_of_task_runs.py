"""Reads what is needed to explain a task run."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from deployments.services.why.facts import parent_fact, run_fact
from deployments.services.why.limits import limit_fact, read_asked
from deployments.services.why.of_task_runs import WAITING, QueuedFact, TaskSituation
from deployments.services.why.situation import LimitFact
from orchestrator.contract.times import now
from runs.errors import RunNotFound
from runs.models import ConcurrencyLimit, QueuedTaskRun, TaskRun
from runs.services.background import connected_workers

MOST_LIMITS = 5
MOST_AHEAD = 10_000


def read_task_situation(*, task_run_id: UUID, at: datetime | None = None) -> TaskSituation:
    """Raises RunNotFound."""
    at = at or now()
    run = TaskRun.objects.select_related("flow_run").filter(pk=task_run_id).first()
    if run is None:
        raise RunNotFound("task-run", task_run_id)
    waits = run.state_type in WAITING
    return TaskSituation(
        at,
        run_fact(run),
        parent=parent_fact(run.flow_run) if run.flow_run and not run.is_terminal else None,
        queued=_queued(run) if waits and run.flow_run_id is None else None,
        limits=_limits(run, at) if waits and run.tags else (),
        asked=() if run.is_terminal else read_asked(run, at),
    )


def _queued(run: TaskRun) -> QueuedFact | None:
    row = QueuedTaskRun.objects.select_related("holder").filter(task_run=run).first()
    if row is None:
        return None
    first = QueuedTaskRun.objects.waiting([run.task_key]).first_come().values_list("pk", flat=True)[:MOST_AHEAD]
    ahead = list(first)
    return QueuedFact(
        run.task_key,
        ahead=ahead.index(row.pk) if row.pk in ahead else 0,
        workers=len(connected_workers(task_keys=[run.task_key])),
        holder=row.holder.client_id if row.holder else None,
    )


def _limits(run: TaskRun, at: datetime) -> tuple[LimitFact, ...]:
    limits = ConcurrencyLimit.objects.filter(tag__in=run.tags, active=True).with_leased(at).by_name()
    return tuple(limit_fact(limit, at, without=run) for limit in limits[:MOST_LIMITS])
