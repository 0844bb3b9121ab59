"""What the database remembers of deployments and of what executes them."""

from deployments.models.deployments import Deployment
from deployments.models.schedules import DeploymentSchedule
from deployments.models.versions import DeploymentVersion
from deployments.models.work_pools import WorkPool
from deployments.models.work_queues import WorkQueue
from deployments.models.workers import Worker

__all__ = ["Deployment", "DeploymentSchedule", "DeploymentVersion", "WorkPool", "WorkQueue", "Worker"]
