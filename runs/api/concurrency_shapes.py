"""What answers about concurrency limits look like."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from orchestrator.rest.answering import Shape


class ConcurrencyLimitV2(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    active: bool
    name: str
    limit: int
    active_slots: int
    denied_slots: int
    slot_decay_per_second: float
    avg_slot_occupancy_seconds: float


class GlobalConcurrencyLimitResponse(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    active: bool
    name: str
    limit: int
    active_slots: int
    slot_decay_per_second: float


class MinimalConcurrencyLimitResponse(Shape):
    id: UUID
    name: str
    limit: int


class ConcurrencyLimitWithLeaseResponse(Shape):
    lease_id: UUID
    limits: list[MinimalConcurrencyLimitResponse]


class ConcurrencyLimit(Shape):
    """A limit of a tag. `active_slots` are the task runs that hold its slots."""

    id: UUID
    created: datetime | None
    updated: datetime | None
    tag: str
    concurrency_limit: int
    active_slots: list[UUID]
