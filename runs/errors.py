"""What can go wrong with runs, by name. Edges turn these into statuses and messages."""

from __future__ import annotations

from uuid import UUID


class RunsError(Exception):
    """Something about a run could not be done."""


class NotFound(RunsError):
    """What was asked for does not exist."""


class FlowNotFound(NotFound):
    def __init__(self, flow: UUID | str) -> None:
        super().__init__(f"Flow {flow} not found")


class RunNotFound(NotFound):
    def __init__(self, kind: str, run_id: UUID | str) -> None:
        super().__init__(f"{kind.replace('-', ' ').capitalize()} with id {run_id} not found")


class ParentNotFound(RunsError):
    """A run refers to a flow, a flow run, a task run or a deployment that does not exist."""


class ClaimRefused(RunsError):
    """The run cannot be taken now. The message says why; the worker has nothing to do."""


class ClaimNotHeld(RunsError):
    """The claim ended: the run belongs to nobody or to somebody else. Its former holder must stop."""


class UpdateRefused(RunsError):
    """The change is not possible in the run's present state."""
