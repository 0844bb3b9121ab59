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


class ArtifactNotFound(NotFound):
    def __init__(self, artifact_id: UUID) -> None:
        super().__init__(f"Artifact {artifact_id} not found")


class SavedSearchNotFound(NotFound):
    def __init__(self, search_id: UUID) -> None:
        super().__init__(f"Saved search {search_id} not found")


class InputNotFound(NotFound):
    def __init__(self, key: str) -> None:
        super().__init__(f"Flow run input {key} not found")


class InputExists(RunsError):
    def __init__(self, key: str) -> None:
        super().__init__("A flow run input with this key already exists.")
        self.key = key


class ParentNotFound(RunsError):
    """A run refers to a flow, a flow run, a task run or a deployment that does not exist."""


class PlaceNotFound(RunsError):
    """A run is to wait in a work pool or a queue that does not exist."""


class ClaimRefused(RunsError):
    """The run cannot be taken now. The message says why; the worker has nothing to do."""


class ClaimNotHeld(RunsError):
    """The claim ended: the run belongs to nobody or to somebody else. Its former holder must stop."""


class UpdateRefused(RunsError):
    """The change is not possible in the run's present state."""


class ConcurrencyLimitNotFound(RunsError):
    """No limit has this identifier, name or tag."""

    def __init__(self) -> None:
        super().__init__("Concurrency limit not found")


class ConcurrencyLimitExists(RunsError):
    """Another limit has this name."""


class TooManySlots(RunsError):
    """More slots are asked for than a limit has in all."""


class NotARateLimit(RunsError):
    """The slots of a limit do not decay, so taken ones would never be free again."""


class SlotsNotFree(RunsError):
    """Others have the slots. `seconds` is after which time to ask again."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Locked")
        self.seconds = seconds


class TagLimitReached(RunsError):
    """No slot is free for a tag. `seconds` is after which time to ask again, None when that is in vain."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class LeaseNotHeld(RunsError):
    """The lease has expired or was given back: its slots may be somebody else's by now."""


class InvalidIssueAddress(RunsError):
    def __init__(self, address: str) -> None:
        super().__init__(f"{address[:80]} is no address that a browser opens: it begins with https:// or http://")
