"""What can go wrong with deployments and pools, by name."""

from __future__ import annotations

from uuid import UUID


class DeploymentsError(Exception):
    """Something about a deployment, a pool or a worker could not be done."""


class NotFound(DeploymentsError):
    """What was asked for does not exist."""


class DeploymentNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Deployment not found")


class ScheduleNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Schedule not found.")


class VersionNotFound(NotFound):
    def __init__(self, number: int) -> None:
        super().__init__(f"The deployment has no version {number}.")


class WorkPoolNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f'Work pool "{name}" not found.')


class WorkQueueNotFound(NotFound):
    """A queue was asked for by its identifier, or by its name alone."""

    def __init__(self) -> None:
        super().__init__("work queue not found")


class WorkQueueNotInPool(NotFound):
    def __init__(self, pool_name: str, name: str) -> None:
        super().__init__(f"Work pool queue '{pool_name}/{name}' not found.")


class UnknownWorkQueue(DeploymentsError):
    """The contract answers this in another form than `WorkQueueNotFound`."""

    def __init__(self, queue_id: UUID) -> None:
        super().__init__(f"Work queue with id {queue_id} not found")


class WorkerNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Worker not found.")


class BlockOfTemplateNotFound(NotFound):
    """A default in a pool's template refers to a block that does not exist."""


class AlreadyExists(DeploymentsError):
    """A name that has to be unique is taken."""


class ReservedName(DeploymentsError):
    """The name belongs to the system."""


class InvalidParameters(DeploymentsError):
    """The parameters do not fit the deployment's schema. The message names the parameter."""


class InvalidJobVariables(DeploymentsError):
    """The job variables do not fit the pool's template. The message names the variable."""


class InvalidSchedules(DeploymentsError):
    """The schedules of a deployment cannot be changed in this way."""


class CannotBePlanned(DeploymentsError):
    """The times of a schedule cannot be worked out. The message says why."""


class ParentNotFound(DeploymentsError):
    """A deployment refers to a flow or a block that does not exist."""


class UpdateRefused(DeploymentsError):
    """The change would break something that depends on how it is."""


class CannotRestore(DeploymentsError):
    """What a version of a deployment refers to does not exist any more, or is not accepted. The message says what."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"Version {number} cannot be restored: {reason}")


class PlanTooLarge(DeploymentsError):
    """Applying so many deployments at once would keep everybody else from writing for too long."""

    def __init__(self, count: int, seconds: float) -> None:
        super().__init__(
            f"Applying {count} deployments at once takes more than {seconds:g} seconds here. Nothing was changed; "
            "apply them in smaller parts."
        )
