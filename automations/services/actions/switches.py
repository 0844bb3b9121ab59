"""Pausing and resuming what runs depend on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from automations.errors import ActionFailed
from automations.services.actions.occasions import Occasion
from deployments.errors import DeploymentsError
from deployments.models import WorkPool
from deployments.services.deployments import pause_deployment as pause_one_deployment
from deployments.services.deployments import resume_deployment as resume_one_deployment
from deployments.services.work_pools import update_work_pool
from deployments.services.work_queues import update_work_queue
from orchestrator.contract.events import resource

Related = list[dict[str, str]]


def pause_deployment(action: dict[str, Any], occasion: Occasion) -> Related:
    author = occasion.author
    return _switch(action, occasion, "deployment", lambda id_: pause_one_deployment(deployment_id=id_, author=author))


def resume_deployment(action: dict[str, Any], occasion: Occasion) -> Related:
    return _switch(action, occasion, "deployment", lambda id_: resume_one_deployment(deployment_id=id_))


def pause_work_queue(action: dict[str, Any], occasion: Occasion) -> Related:
    return _switch(action, occasion, "work-queue", lambda id_: update_work_queue(queue_id=id_, changes=_PAUSED))


def resume_work_queue(action: dict[str, Any], occasion: Occasion) -> Related:
    return _switch(action, occasion, "work-queue", lambda id_: update_work_queue(queue_id=id_, changes=_RESUMED))


def pause_work_pool(action: dict[str, Any], occasion: Occasion) -> Related:
    return _switch(action, occasion, "work-pool", lambda id_: update_work_pool(name=_pool(id_), changes=_PAUSED))


def resume_work_pool(action: dict[str, Any], occasion: Occasion) -> Related:
    return _switch(action, occasion, "work-pool", lambda id_: update_work_pool(name=_pool(id_), changes=_RESUMED))


_PAUSED = {"is_paused": True}
_RESUMED = {"is_paused": False}


def _switch(action: dict[str, Any], occasion: Occasion, kind: str, switch: Callable[[UUID], object]) -> Related:
    target = occasion.target(action, kind, f"{kind.replace('-', '_')}_id")
    try:
        switch(target)
    except DeploymentsError as error:
        raise ActionFailed(str(error)) from None
    return [resource(kind, target, role="target")]


def _pool(pool_id: UUID) -> str:
    name = WorkPool.objects.filter(pk=pool_id).values_list("name", flat=True).first()
    if name is None:
        raise ActionFailed(f"Work pool {pool_id} does not exist.")
    return name
