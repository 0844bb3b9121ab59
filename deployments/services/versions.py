"""The history of a deployment: what it was, from one change to the next.

A version holds everything that says what runs and when. Whether the deployment is paused, and whether anybody asked
for its work, is not part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from deployments.errors import DeploymentNotFound, VersionNotFound
from deployments.models import Deployment, DeploymentSchedule, DeploymentVersion
from deployments.services.concurrency import own_limit_name

COLUMNS = (
    "version",
    "description",
    "tags",
    "labels",
    "entrypoint",
    "path",
    "pull_steps",
    "parameters",
    "parameter_openapi_schema",
    "enforce_parameter_schema",
    "job_variables",
    "concurrency_options",
    "catch_up_policy",
    "catch_up_max_age_seconds",
    "storage_document_id",
    "infrastructure_document_id",
)
SCHEDULE_COLUMNS = ("slug", "schedule", "active", "parameters", "max_scheduled_runs")

Content = dict[str, Any]


@contextmanager
def versioned(
    deployment: Deployment,
    *,
    author: Mapping[str, Any] | None = None,
    version_info: Mapping[str, Any] | None = None,
    restored_from: int | None = None,
) -> Iterator[None]:
    """Inside, a deployment and its schedules are changed, in a transaction that holds the deployment's row.

    Afterwards there is a version more, unless it would say the same as the one before. A deployment from the time
    before there was a history gets its first version before it is changed.
    """
    last: DeploymentVersion | None = None
    if not deployment._state.adding:
        last = deployment.versions.newest_first().first() or _add(deployment, content_of(deployment), after=None)
    yield
    content = content_of(deployment)
    from_elsewhere = version_info is not None and last is not None and version_info != last.version_info
    if last is None or last.digest != _digest(content) or from_elsewhere:
        _add(deployment, content, after=last, created_by=author, version_info=version_info, restored_from=restored_from)


def content_of(deployment: Deployment) -> Content:
    """Everything that a version keeps, as JSON. Reads the schedules, and queue, pool and limit unless loaded."""
    queue, limit = deployment.work_queue, deployment.global_concurrency_limit
    owned = limit is not None and limit.name == own_limit_name(deployment.pk)
    rows = DeploymentSchedule.objects.filter(deployment=deployment).order_by("pk")
    schedules = [{column: getattr(row, column) for column in SCHEDULE_COLUMNS} for row in rows]
    return {
        **{column: _plain(getattr(deployment, column)) for column in COLUMNS},
        "work_pool_name": queue.work_pool.name if queue else None,
        "work_queue_name": queue.name if queue else None,
        "concurrency_limit": limit.limit if limit is not None and owned else None,
        "global_concurrency_limit_id": str(limit.pk) if limit is not None and not owned else None,
        "schedules": sorted(schedules, key=lambda one: (one["slug"] or "", _canonical(one))),
    }


def get_version(*, deployment_id: UUID, number: int) -> DeploymentVersion:
    """Raises DeploymentNotFound and VersionNotFound."""
    found = DeploymentVersion.objects.filter(deployment=deployment_id, number=number).first()
    if found is None:
        refuse_unknown_deployment(deployment_id)
        raise VersionNotFound(number)
    return found


def refuse_unknown_deployment(deployment_id: UUID) -> None:
    """Raises DeploymentNotFound."""
    if not Deployment.objects.filter(pk=deployment_id).exists():
        raise DeploymentNotFound


def version_before(version: DeploymentVersion) -> DeploymentVersion | None:
    """None for the first."""
    earlier = DeploymentVersion.objects.filter(deployment=version.deployment_id, number__lt=version.number)
    return earlier.newest_first().first()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is not the same in two contents: name -> `{"from": …, "to": …}`."""
    return {
        name: {"from": before.get(name), "to": after.get(name)}
        for name in sorted({*before, *after})
        if _canonical(before.get(name)) != _canonical(after.get(name))
    }


def _add(
    deployment: Deployment, content: Content, *, after: DeploymentVersion | None, **columns: Any
) -> DeploymentVersion:
    return DeploymentVersion.objects.create(
        deployment=deployment,
        number=after.number + 1 if after else 1,
        version=deployment.version,
        content=content,
        digest=_digest(content),
        changed=list(differences(after.content, content)) if after else [],
        **columns,
    )


def _digest(content: Content) -> str:
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(_same_numbers(value), sort_keys=True, separators=(",", ":"))


def _same_numbers(value: Any) -> Any:
    """PostgreSQL gives 1e16 back as an integer; here both are the same."""
    if isinstance(value, dict):
        return {key: _same_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_same_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
