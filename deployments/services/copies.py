"""A deployment made again under another name."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from deployments.errors import DeploymentsError
from deployments.models import Deployment, DeploymentSchedule
from deployments.services.concurrency import own_limit_name
from deployments.services.deployments import apply_deployment
from deployments.services.pausing import Author
from deployments.services.versions import COLUMNS, SCHEDULE_COLUMNS

_NOT_GIVEN = {"labels"}


class NameTaken(DeploymentsError):
    """The flow has a deployment of this name already."""


def duplicate_deployment(*, deployment: Deployment, name: str, author: Author = None) -> Deployment:
    """One more deployment of the same flow, like this one. Its schedules are off, so that nothing runs twice.

    Raises NameTaken, and whatever `apply_deployment` raises where the original refers to what is gone.
    """
    with transaction.atomic():
        if Deployment.objects.filter(flow=deployment.flow_id, name=name).exists():
            raise NameTaken(f"The flow has a deployment {name} already.")
        copy, _ = apply_deployment(
            flow_id=deployment.flow_id,
            name=name,
            changes={**_columns(deployment), **_queue(deployment), **_limit(deployment)},
            labels=deployment.labels,
            schedules=_schedules(deployment),
            author=author,
        )
    return copy


def _columns(deployment: Deployment) -> dict[str, Any]:
    return {column: getattr(deployment, column) for column in COLUMNS if column not in _NOT_GIVEN}


def _queue(deployment: Deployment) -> dict[str, Any]:
    queue = deployment.work_queue
    return {"work_pool_name": queue.work_pool.name, "work_queue_name": queue.name} if queue else {}


def _limit(deployment: Deployment) -> dict[str, Any]:
    limit = deployment.global_concurrency_limit
    if limit is None:
        return {}
    if limit.name == own_limit_name(deployment.pk):
        return {"concurrency_limit": limit.limit}
    return {"global_concurrency_limit_id": limit.pk}


def _schedules(deployment: Deployment) -> list[dict[str, Any]]:
    rows = DeploymentSchedule.objects.filter(deployment=deployment).order_by("pk")
    return [{**{column: getattr(row, column) for column in SCHEDULE_COLUMNS}, "active": False} for row in rows]
