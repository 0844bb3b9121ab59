"""The history of a deployment, and the way back. An addition to the contract."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from deployments.api import version_shapes as shapes
from deployments.api.authors import author_of
from deployments.models import DeploymentVersion
from deployments.services.rollback import restore_version
from deployments.services.versions import differences, get_version, refuse_unknown_deployment, version_before
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import MAX_LIMIT
from orchestrator.rest.views import ApiView, answers, asks

_LIMIT = (Annotated[int, Field(ge=1, le=MAX_LIMIT)], 50)
_OFFSET = (Annotated[int, Field(ge=0, le=2**31 - 1)], 0)
_NUMBER = (Annotated[int, Field(ge=1, le=2**31 - 1)] | None, None)


class DeploymentVersions(ApiView):
    @asks(limit=_LIMIT, offset=_OFFSET)
    @answers(list[shapes.DeploymentVersionSummary])
    def get(self, request: Request, deployment_id: UUID, limit: int, offset: int) -> list[dict[str, Any]]:
        """What the deployment has been, newest first."""
        rows = DeploymentVersion.objects.filter(deployment=deployment_id).newest_first().without_content()
        versions = [_summary(version) for version in rows[offset : offset + limit]]
        if not versions:
            refuse_unknown_deployment(deployment_id)
        return versions


class DeploymentVersionByNumber(ApiView):
    @asks(compared_to=_NUMBER)
    @answers(shapes.DeploymentVersion)
    def get(self, request: Request, deployment_id: UUID, number: int, compared_to: int | None) -> dict[str, Any]:
        """One version whole, and how it differs from the one before, or from another one."""
        version = get_version(deployment_id=deployment_id, number=number)
        if compared_to is None:
            other = version_before(version)
        else:
            other = get_version(deployment_id=deployment_id, number=compared_to)
        return {
            **_summary(version),
            "content": version.content,
            "changes": differences(other.content, version.content) if other else {},
        }


class RestoredVersion(ApiView):
    @answers(shapes.DeploymentVersionSummary, 200, 201)
    def post(self, request: Request, deployment_id: UUID, number: int) -> JsonAnswer:
        """Make the deployment what it was: all of it or, with 409, nothing. 200 when it is like that already."""
        version, is_new = restore_version(deployment_id=deployment_id, number=number, author=author_of(request))
        return JsonAnswer(_summary(version), 201 if is_new else 200)


def _summary(version: DeploymentVersion) -> dict[str, Any]:
    return {
        "id": version.pk,
        "deployment_id": version.deployment_id,
        "number": version.number,
        "created": version.created,
        "created_by": version.created_by,
        "version": version.version,
        "version_info": version.version_info,
        "restored_from": version.restored_from,
        "changed": version.changed,
    }
