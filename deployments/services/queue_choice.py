"""Into which queue the runs of a deployment go."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from deployments.errors import DeploymentNotFound, UpdateRefused
from deployments.models import Deployment, WorkQueue
from deployments.services.work_pools import get_work_pool
from deployments.services.work_queues import ensure_agent_queue, ensure_work_queue

MOST_QUEUES = 1000  # that one call looks at


def choose_queue(deployment: Deployment, given: dict[str, Any], *, null_clears: bool) -> None:
    """Set the queue by `work_pool_name` and `work_queue_name`, as far as they are given.

    A queue that is missing is made, a pool alone means its default queue, a queue alone one of the pool for agents.
    `null_clears`: a pool that is null takes the deployment out of its queue. Raises WorkPoolNotFound.
    """
    pool_name, queue_name = given.get("work_pool_name"), given.get("work_queue_name")
    if pool_name:
        pool = get_work_pool(pool_name)
        deployment.work_queue = ensure_work_queue(pool=pool, name=queue_name) if queue_name else pool.default_queue
    elif null_clears and "work_pool_name" in given:
        deployment.work_queue = None
    elif queue_name:
        deployment.work_queue = ensure_agent_queue(name=queue_name)


def queue_of_run(deployment: Deployment, work_queue_name: str | None) -> WorkQueue | None:
    """The deployment's queue, or another one of its pool, made when it is missing.

    Raises UpdateRefused when there is no pool to look in.
    """
    queue = deployment.work_queue
    if not work_queue_name:
        return queue
    if queue is None:
        raise UpdateRefused(
            f"Cannot create flow run in work queue {work_queue_name} because deployment {deployment.pk} is not "
            "associated with a work pool."
        )
    return ensure_work_queue(pool=queue.work_pool, name=work_queue_name)


def queues_for_deployment(*, deployment_id: UUID) -> list[WorkQueue]:
    """The queues without a filter, and those whose filter lets the deployment pass. Raises DeploymentNotFound."""
    deployment = Deployment.objects.filter(pk=deployment_id).first()
    if deployment is None:
        raise DeploymentNotFound
    return [queue for queue in WorkQueue.objects.order_by("pk")[:MOST_QUEUES] if _lets_pass(queue, deployment)]


def _lets_pass(queue: WorkQueue, deployment: Deployment) -> bool:
    wanted = queue.filter or {}
    deployments = wanted.get("deployment_ids") or [str(deployment.pk)]
    return set(wanted.get("tags") or ()) <= set(deployment.tags) and str(deployment.pk) in deployments
