"""What answers about versions of deployments look like."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.rest.answering import Shape


class DeploymentVersionAuthor(Shape):
    id: str
    type: str  # USER, API_KEY or AUTOMATION
    display_value: str


class DeploymentVersionSummary(Shape):
    """One line of a deployment's history. `changed` names what differs from the version before."""

    id: UUID
    deployment_id: UUID
    number: int
    created: datetime
    created_by: DeploymentVersionAuthor | None
    version: str | None
    version_info: dict[str, Any] | None
    restored_from: int | None
    changed: list[str]


class DeploymentVersion(DeploymentVersionSummary):
    """`content` is what the deployment was; `changes` says what is different from the version before, or from
    the one that was asked for: name -> from and to."""

    content: dict[str, Any]
    changes: dict[str, Any]
