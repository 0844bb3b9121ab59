"""How many runs of a deployment may be under way: by a limit of its own, or by one that it shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from deployments.models import Deployment
from deployments.services.planned_runs import lock_planned_runs
from runs.errors import ConcurrencyLimitNotFound
from runs.models import ConcurrencyLimit
from runs.models.concurrency_limits import DEPLOYMENT_PREFIX

_KEYS = frozenset({"concurrency_limit", "global_concurrency_limit_id"})


def set_deployment_limit(*, deployment: Deployment, changes: dict[str, Any]) -> None:
    """Follow the keys `concurrency_limit` and `global_concurrency_limit_id` of `changes`; without them change nothing.

    A number becomes the limit `deployment:<id>`, None takes that one away; an identifier points at another limit.
    The deployment is stored already. Raises ConcurrencyLimitNotFound.
    """
    if not _KEYS & changes.keys():
        return
    lock_planned_runs(deployment_id=deployment.pk)
    if "global_concurrency_limit_id" in changes:
        _point_at(deployment, changes["global_concurrency_limit_id"])
    if "concurrency_limit" in changes:
        _own(deployment, changes["concurrency_limit"])


def drop_deployment_limits(*, deployment_ids: Iterable[UUID]) -> None:
    """Delete what these deployments own, because they are about to be deleted. Shared limits stay."""
    names = [own_limit_name(deployment_id) for deployment_id in deployment_ids]
    ConcurrencyLimit.objects.filter(name__in=names).delete()


def own_limit_name(deployment_id: UUID) -> str:
    """Of the limit that belongs to one deployment alone."""
    return f"{DEPLOYMENT_PREFIX}{deployment_id}"


def _point_at(deployment: Deployment, limit_id: UUID | None) -> None:
    if limit_id == deployment.global_concurrency_limit_id:
        return
    limit = None if limit_id is None else ConcurrencyLimit.objects.filter(pk=limit_id).first()
    if limit_id is not None and limit is None:
        raise ConcurrencyLimitNotFound
    _attach(deployment, limit)
    drop_deployment_limits(deployment_ids=[deployment.pk])


def _own(deployment: Deployment, number: int | None) -> None:
    """A number for a deployment that shares a limit gives it one of its own; no number leaves the shared one."""
    name = own_limit_name(deployment.pk)
    if number is None:
        drop_deployment_limits(deployment_ids=[deployment.pk])
        deployment.refresh_from_db(fields=["global_concurrency_limit"])
        return
    limit = ConcurrencyLimit.objects.select_for_update().filter(name=name).first() or ConcurrencyLimit(name=name)
    if limit.limit != number:
        limit.limit = number
        limit.save()
    _attach(deployment, limit)


def _attach(deployment: Deployment, limit: ConcurrencyLimit | None) -> None:
    if deployment.global_concurrency_limit_id != (limit.pk if limit else None):
        deployment.global_concurrency_limit = limit
        deployment.save(update_fields=["global_concurrency_limit"])
