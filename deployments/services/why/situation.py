"""Everything that is known about a run when it is asked why it does not run. Frozen: nothing here reads a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from deployments.models.work_pools import CELERY
from deployments.services.why.explanation import Holder


@dataclass(frozen=True, slots=True)
class RunFact:
    """The run itself. `due` is when it may begin, `expected` when it was to begin at first."""

    id: UUID
    name: str
    state_type: str | None
    state_name: str | None = None
    since: datetime | None = None  # when it came into this state
    message: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)  # of the state
    due: datetime | None = None
    expected: datetime | None = None
    created: datetime | None = None
    auto_scheduled: bool = False
    run_count: int = 0
    retries: int = 0
    retry_type: str | None = None
    infrastructure: str | None = None  # what executes it, as its worker told
    queue_name: str | None = None
    deployment_id: UUID | None = None
    scheduled_by: UUID | None = None  # the schedule that made it


@dataclass(frozen=True, slots=True)
class DeploymentFact:
    id: UUID
    name: str  # flow/deployment
    paused: bool = False
    last_polled: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScheduleFact:
    id: UUID
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class ParentFact:
    """The flow run inside which this one was asked for."""

    id: UUID
    name: str
    state_type: str | None
    state_name: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlacesFact:
    """A limit on runs at a time, who is under way, and whether that fills it."""

    limit: int | None = None
    occupied: int = 0
    holders: tuple[Holder, ...] = ()

    @property
    def full(self) -> bool:
        return self.limit is not None and self.occupied >= self.limit


@dataclass(frozen=True, slots=True)
class PoolFact:
    id: UUID
    name: str
    type: str = CELERY
    is_paused: bool = False
    places: PlacesFact = PlacesFact()

    @property
    def is_ours(self) -> bool:
        return self.type == CELERY


@dataclass(frozen=True, slots=True)
class QueueFact:
    """`ahead` counts due runs of this queue that come first, `ahead_elsewhere` those of queues that come first."""

    id: UUID
    name: str
    is_paused: bool = False
    is_default: bool = False
    last_polled: datetime | None = None
    places: PlacesFact = PlacesFact()
    ahead: int = 0
    ahead_elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class WorkerFact:
    """A worker of the pool. What it did not tell is None: its `queues` (then it serves all), its `places`."""

    name: str
    online: bool
    last_heartbeat: datetime
    id: UUID | None = None
    queues: frozenset[str] | None = None
    places: int | None = None
    runs: tuple[Holder, ...] = ()  # that it executes now
    consuming: bool | None = None  # whether the messages that it sends itself over the broker come back
    last_probe: datetime | None = None  # when one of them did

    def serves(self, queue_name: str) -> bool:
        return self.queues is None or queue_name in self.queues


@dataclass(frozen=True, slots=True)
class LimitFact:
    """The limit of the run's deployment, its own or a shared one. `occupied` leaves out what the run itself has."""

    id: UUID
    name: str
    limit: int
    shared: bool = False
    occupied: int = 0
    cancels_new: bool = False
    holders: tuple[Holder, ...] = ()

    @property
    def full(self) -> bool:
        return self.occupied >= self.limit


@dataclass(frozen=True, slots=True)
class AskedFact:
    """A limit of which the run itself asks for slots, in the middle of its work, and has found too few."""

    limit: LimitFact
    slots: int
    since: datetime
    again_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimFact:
    attempt: int
    worker_name: str
    claimed_at: datetime
    lease_expires_at: datetime
    held: bool = True
    lost: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HeartbeatFact:
    """The last sign of life of the process that has the run. `sender` is ` (process 12 on host)`, or empty."""

    last_at: datetime
    silent_after: datetime
    sender: str = ""


@dataclass(frozen=True, slots=True)
class ServiceFact:
    """A periodic service. `enabled`: nobody switched it off. `overdue_seconds`: 0 when it runs as it should."""

    name: str
    enabled: bool = True
    last_finished_at: datetime | None = None
    overdue_seconds: float = 0.0
    last_error: str | None = None

    @property
    def runs(self) -> bool:
        return self.enabled and not self.overdue_seconds


@dataclass(frozen=True, slots=True)
class ServerFact:
    """`up_since` None: no web process says that it is up."""

    up_since: datetime | None = None
    services: Mapping[str, ServiceFact] = field(default_factory=dict)

    @property
    def services_run(self) -> bool:
        """At least one of them, so that somebody starts them."""
        return any(service.runs for service in self.services.values())


@dataclass(frozen=True, slots=True)
class Patience:
    """Times after which the server acts by itself, in seconds."""

    late_after: float = 15.0
    cancelling: float = 300.0
    begin: float | None = None  # for a run that nobody of ours holds, until it is scheduled anew
    most_rescues: int = 3  # how often that is done
    most_attempts: int = 3


@dataclass(frozen=True, slots=True)
class Situation:
    at: datetime
    run: RunFact
    deployment: DeploymentFact | None = None
    schedule: ScheduleFact | None = None
    parent: ParentFact | None = None
    pool: PoolFact | None = None
    queue: QueueFact | None = None
    workers: tuple[WorkerFact, ...] = ()  # heard last first
    limit: LimitFact | None = None
    asked: tuple[AskedFact, ...] = ()
    claims: tuple[ClaimFact, ...] = ()  # the newest first
    heartbeat: HeartbeatFact | None = None
    rescues: int = 0  # how often it was scheduled anew because it did not begin
    will_be_skipped: str | None = None  # why, if the deployment's catch-up policy says so
    server: ServerFact = ServerFact()
    patience: Patience = Patience()

    @property
    def is_due(self) -> bool:
        return self.run.due is None or self.run.due <= self.at

    @property
    def overdue_seconds(self) -> float:
        """For how long the run could have begun."""
        if self.run.due is None or self.run.state_type != "SCHEDULED":
            return 0.0
        return max(0.0, (self.at - self.run.due).total_seconds())

    @property
    def claim(self) -> ClaimFact | None:
        """The one that is held."""
        return next((claim for claim in self.claims if claim.held), None)
