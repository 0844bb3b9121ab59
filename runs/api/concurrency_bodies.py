"""What requests about concurrency limits carry."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from orchestrator.rest.bodies import Body, Envelope, Name, Number
from orchestrator.rest.paging import Limit, Offset

SHORTEST_LEASE, LONGEST_LEASE = 60, 86_400  # seconds

Slots = Annotated[Number, Field(gt=0)]
LeaseSeconds = Annotated[float, Field(ge=SHORTEST_LEASE, le=LONGEST_LEASE)]
Mode = Literal["concurrency", "rate_limit"]
_Counted = Annotated[Number, Field(ge=0)]
_PerSecond = Annotated[float, Field(ge=0)]


class ConcurrencyLimitV2Create(Body):
    active: bool = True
    name: Name
    limit: _Counted
    active_slots: _Counted = 0
    denied_slots: _Counted = 0
    slot_decay_per_second: _PerSecond = 0.0


class ConcurrencyLimitV2Update(Body):
    active: bool | None = None
    name: Name | None = None
    limit: _Counted | None = None
    active_slots: _Counted | None = None
    denied_slots: _Counted | None = None
    slot_decay_per_second: _PerSecond | None = None


class ConcurrencyLeaseHolder(Body):
    type: Literal["flow_run", "task_run", "deployment"]
    id: UUID


class TakeSlots(Envelope):
    """`create_if_missing` has had no effect for long: a limit is made before its slots are asked for."""

    slots: Slots
    names: list[str]
    mode: Mode = "concurrency"
    create_if_missing: bool | None = Field(None, deprecated=True)


class LeaseSlots(Envelope):
    slots: Slots
    names: list[str]
    mode: Mode = "concurrency"
    lease_duration: LeaseSeconds = 300
    holder: ConcurrencyLeaseHolder | None = None


class ReturnSlots(Envelope):
    slots: Slots
    names: list[str]
    occupancy_seconds: Annotated[float, Field(gt=0)] | None = None
    create_if_missing: bool = Field(default_factory=bool, deprecated=True)


class ReturnLease(Envelope):
    lease_id: UUID


class RenewLease(Envelope):
    lease_duration: LeaseSeconds = 300


class Page(Envelope):
    offset: Offset = 0
    limit: Limit | None = None


class ConcurrencyLimitCreate(Body):
    tag: str
    concurrency_limit: Number


class TagSlots(Envelope):
    names: list[str]
    task_run_id: UUID


class ResetTag(Envelope):
    slot_override: list[UUID] | None = None


class ConcurrencyOptions(Body):
    """What becomes of a run too many, and for how long a slot is kept for one that has not begun."""

    model_config = ConfigDict(extra="ignore")

    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: Annotated[int, Field(ge=60, le=86_400)] | None = None
