"""What a request about many deployments carries."""

from __future__ import annotations

from pydantic import Field

from deployments.api.deployment_bodies import NewDeployment
from deployments.services.plans import MOST, Wanted
from orchestrator.rest.bodies import Body, Name


class DeploymentOfFlow(NewDeployment):
    """A whole deployment. The flow is named, and made when it is missing."""

    flow_name: Name

    def wanted(self) -> Wanted:
        return Wanted(
            flow_name=self.flow_name,
            name=self.name,
            changes=self.changes(),
            labels=self.labels or {},
            schedules=self.schedule_columns(),
            defaults=self.defaults(),
            version_info=self.told_version_info(),
        )


class DeploymentsApply(Body):
    """`whole_project`: these are all deployments of `project`; `prune`: delete the others that it has.

    `dry_run`: only tell what would happen.
    """

    deployments: list[DeploymentOfFlow] = Field(max_length=MOST)
    project: Name | None = None
    whole_project: bool = False
    prune: bool = False
    dry_run: bool = False
