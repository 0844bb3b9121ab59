"""Reads what is needed to explain a deployment."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Min

from deployments.errors import DeploymentNotFound
from deployments.models import Deployment, DeploymentSchedule, WorkPool, WorkQueue
from deployments.services.why.facts import deployment_fact, read_patience, read_pool, read_queue, read_workers
from deployments.services.why.limits import read_limit
from deployments.services.why.of_deployments import DeploymentSituation, PlanFact
from deployments.services.why.server import read_server
from deployments.services.why.situation import DeploymentFact, RunFact, Situation
from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from runs.models import FlowRun

MOST_SCHEDULES = 50


def read_deployment_situation(*, deployment_id: UUID, at: datetime | None = None) -> DeploymentSituation:
    """Raises DeploymentNotFound."""
    at = at or now()
    related = ("flow", "work_queue__work_pool")
    deployment = Deployment.objects.select_related(*related).filter(pk=deployment_id).first()
    if deployment is None:
        raise DeploymentNotFound
    fact = deployment_fact(deployment)
    assert fact is not None
    planned = FlowRun.objects.scheduled().filter(deployment=deployment, next_scheduled_start_time__gt=at)
    return DeploymentSituation(
        at,
        fact,
        _of_a_run_that_is_due(deployment, fact, at),
        schedules=tuple(
            PlanFact(
                one.pk,
                str(one),
                active=one.active,
                is_over=is_over(one, deployment),
                problem=one.problem,
            )
            for one in DeploymentSchedule.objects.filter(deployment=deployment).order_by("pk")[:MOST_SCHEDULES]
        ),
        next_run=planned.aggregate(first=Min("next_scheduled_start_time"))["first"],
    )


def is_over(schedule: DeploymentSchedule, deployment: Deployment) -> bool:
    """Of a paused deployment nothing is planned, so nothing is known."""
    looked_at = schedule.active and not deployment.paused and not schedule.problem
    return looked_at and schedule.plan_at is None and schedule.next_time is None


def _of_a_run_that_is_due(deployment: Deployment, fact: DeploymentFact, at: datetime) -> Situation:
    """Of a run that nobody has made."""
    queue: WorkQueue | None = deployment.work_queue
    pool: WorkPool | None = queue.work_pool if queue else None
    run = FlowRun(state_type=StateType.SCHEDULED, deployment_id=deployment.pk)
    return Situation(
        at,
        RunFact(run.pk, fact.name, StateType.SCHEDULED, due=at, deployment_id=deployment.pk),
        deployment=fact,
        pool=read_pool(pool, counted=True),
        queue=read_queue(run, queue, at, counted=True),
        workers=read_workers(pool, at) if pool else (),
        limit=read_limit(run, deployment, at),
        server=read_server(at),
        patience=read_patience(),
    )
