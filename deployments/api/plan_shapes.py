"""What answers about applying many deployments look like."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from orchestrator.rest.answering import Shape


class DeploymentProblem(Shape):
    """`key` is the key of the deployment that it is about; null when it is no single one."""

    key: str | None
    message: str


class DeploymentStep(Shape):
    """What becomes of one deployment. `leave`: it was of the project, is no longer, and stays."""

    id: UUID | None
    flow_name: str
    name: str
    action: Literal["create", "update", "unchanged", "delete", "leave"]
    changes: dict[str, Any]
    problems: list[DeploymentProblem]
    warnings: list[str]


class DeploymentsApplied(Shape):
    """One step for each deployment that was sent, in their order, and then one for each that is no more of the project.

    With problems nothing is changed at all.
    """

    applied: bool
    dry_run: bool
    problem_count: int
    deployments: list[DeploymentStep]
