"""What can go wrong with deployments and pools, by name."""

from __future__ import annotations


class DeploymentsError(Exception):
    """Something about a deployment, a pool or a worker could not be done."""


class NotFound(DeploymentsError):
    """What was asked for does not exist."""


class DeploymentNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Deployment not found")


class WorkPoolNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"Work pool '{name}' not found")


class WorkQueueNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"Work queue '{name}' not found")


class WorkerNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"Worker '{name}' not found")


class AlreadyExists(DeploymentsError):
    """A name that has to be unique is taken."""


class ReservedName(DeploymentsError):
    """The name belongs to the system."""


class InvalidParameters(DeploymentsError):
    """The parameters do not fit the deployment's schema. The message names the parameter."""


class ParentNotFound(DeploymentsError):
    """A deployment refers to a flow that does not exist."""


class UpdateRefused(DeploymentsError):
    """The change would break something that depends on how it is."""
