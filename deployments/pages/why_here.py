"""Why no runs of a deployment come, on its page: the causes of `services/why`, from what the page has read already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.health import read_workers, situation_of
from deployments.services.why.explanation import Cause
from deployments.services.why.facts import read_patience, read_pool
from deployments.services.why.facts_of_deployments import is_over
from deployments.services.why.limits import read_limit
from deployments.services.why.of_deployments import DeploymentSituation, PlanFact, explain_deployment
from deployments.services.why.server import read_server
from orchestrator.contract.states import StateType
from runs.models import FlowRun

_NO_TROUBLE = {"no_schedule", "next_run_planned", "not_planned_yet", "waits_for_runner"}


def causes_here(
    deployment: Deployment, schedules: Sequence[DeploymentSchedule], next_run: datetime | None, at: datetime
) -> list[Cause]:
    """What keeps its runs from coming, the first first; nothing where they come."""
    queue = deployment.work_queue
    pool = queue.work_pool if queue is not None else None
    workers = read_workers([pool.pk], at) if pool is not None else {}
    run = FlowRun(state_type=StateType.SCHEDULED, deployment_id=deployment.pk)
    of_a_run = replace(
        situation_of(deployment, workers, at),
        pool=read_pool(pool, counted=True),
        limit=read_limit(run, deployment, at),
        server=read_server(at),
        patience=read_patience(),
    )
    plans = tuple(
        PlanFact(one.pk, str(one), active=one.active, is_over=is_over(one, deployment), problem=one.problem)
        for one in schedules
    )
    fact = of_a_run.deployment
    assert fact is not None
    _, causes = explain_deployment(DeploymentSituation(at, fact, of_a_run, schedules=plans, next_run=next_run))
    is_ready = deployment.status == Deployment.Status.READY
    troubles = [cause for cause in causes if cause.code not in _NO_TROUBLE and (cause.certain or not is_ready)]
    return [replace(cause, subject=None) if _is_itself(cause) else cause for cause in troubles]


def _is_itself(cause: Cause) -> bool:
    """About what its page is about anyway, and not worth a link to it."""
    return cause.subject is not None and cause.subject.kind == "deployment"
