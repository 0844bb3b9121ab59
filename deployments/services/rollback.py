"""Back to what a deployment was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from deployments.errors import CannotRestore, InvalidJobVariables, ParentNotFound
from deployments.models import Deployment, DeploymentVersion, WorkPool, WorkQueue
from deployments.services.concurrency import set_deployment_limit
from deployments.services.deployments import changed_deployment, locked_deployment, refuse_missing_blocks
from deployments.services.job_variables import check_variables_of_deployment
from deployments.services.schedules import replace_schedules
from deployments.services.versions import COLUMNS, Content, content_of, differences, get_version
from orchestrator.rest.value_schemas import BadSchema
from runs.errors import ConcurrencyLimitNotFound


def restore_version(
    *, deployment_id: UUID, number: int, author: Mapping[str, Any] | None = None
) -> tuple[DeploymentVersion, bool]:
    """Make the deployment what it was, schedules and limit included; what was planned ahead is planned anew.

    Returns the version that says so, and whether it is new: a deployment that is like that already stays untouched.
    Whether it is paused stays as it is. Raises DeploymentNotFound, VersionNotFound, and CannotRestore when the pool,
    the queue, a block or a shared limit is gone, or the pool does not accept the job variables any more.
    """
    with transaction.atomic():
        deployment = locked_deployment(deployment_id)
        wanted = get_version(deployment_id=deployment_id, number=number)
        if not differences(content_of(deployment), wanted.content):
            return deployment.versions.newest_first()[0], False
        with changed_deployment(
            deployment_id, author=author, version_info=wanted.version_info, restored_from=number
        ) as deployment:
            try:
                _restore(deployment, wanted.content, author)
            except (InvalidJobVariables, BadSchema, ParentNotFound) as error:
                raise CannotRestore(number, str(error)) from None
            except ConcurrencyLimitNotFound:
                raise CannotRestore(number, "the concurrency limit that it shared is gone") from None
            except _Gone as gone:
                raise CannotRestore(number, str(gone)) from None
        return deployment.versions.newest_first()[0], True


class _Gone(Exception):
    """Something that the version refers to does not exist any more."""


def _restore(deployment: Deployment, content: Content, author: Mapping[str, Any] | None) -> None:
    columns = {column: content[column] for column in COLUMNS if column in content}  # older ones know fewer
    refuse_missing_blocks(columns)
    for column, value in columns.items():
        setattr(deployment, column, value)
    deployment.work_queue = _queue_of(content)
    deployment.save()
    set_deployment_limit(deployment=deployment, changes=_limit_of(content))
    replace_schedules(deployment, content["schedules"], author=author)


def _queue_of(content: Content) -> WorkQueue | None:
    name, pool_name = content["work_queue_name"], content["work_pool_name"]
    if name is None:
        return None
    pool = WorkPool.objects.filter(name=pool_name).first()
    if pool is None:
        raise _Gone(f"work pool {pool_name!r} is gone")
    queue = WorkQueue.objects.select_related("work_pool").filter(work_pool=pool, name=name).first()
    if queue is None:
        raise _Gone(f"work queue {name!r} of work pool {pool_name!r} is gone")
    check_variables_of_deployment(pool, content["job_variables"])
    return queue


def _limit_of(content: Content) -> dict[str, Any]:
    """As `set_deployment_limit` takes it: a limit that stays is not made anew, so its slots stay taken."""
    if content["concurrency_limit"] is not None:
        return {"concurrency_limit": content["concurrency_limit"]}
    shared = content["global_concurrency_limit_id"]
    if shared is not None:
        return {"global_concurrency_limit_id": UUID(shared)}
    return {"concurrency_limit": None, "global_concurrency_limit_id": None}
