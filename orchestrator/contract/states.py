"""States: what can be said about a run at one moment. Names and meanings are those of the public Prefect 3 contract."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import format_time, now, parse_time


class StateType(StrEnum):
    """What can be said of a run; the names of states are finer, and free."""

    SCHEDULED = "SCHEDULED"  # will begin at a known time
    PENDING = "PENDING"  # somebody took it and prepares to begin
    RUNNING = "RUNNING"  # its code executes
    COMPLETED = "COMPLETED"  # ended well
    FAILED = "FAILED"  # its code ended with an error
    CANCELLED = "CANCELLED"  # ended on request
    CRASHED = "CRASHED"  # what executed it went away
    PAUSED = "PAUSED"  # waits to be resumed
    CANCELLING = "CANCELLING"  # asked to end, not ended yet


TERMINAL = frozenset({StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED})


class Status(StrEnum):
    """How the server answers a proposed state."""

    ACCEPT = "ACCEPT"  # the proposed state was written
    REJECT = "REJECT"  # another state holds; the answer carries it
    WAIT = "WAIT"  # propose again after `delay_seconds`
    ABORT = "ABORT"  # stop; the run stays as it is


# Every key of `state_details` with the value it has when nobody set it.
DETAIL_DEFAULTS: dict[str, Any] = {
    "flow_run_id": None,
    "task_run_id": None,
    "child_flow_run_id": None,
    "scheduled_time": None,
    "cache_key": None,
    "cache_expiration": None,
    "deferred": False,
    "untrackable_result": False,
    "pause_timeout": None,
    "pause_reschedule": False,
    "pause_key": None,
    "run_input_keyset": None,
    "refresh_cache": None,
    "retriable": None,
    "transition_id": None,
    "task_parameters_id": None,
    "traceparent": None,
    "deployment_concurrency_lease_id": None,
}


@dataclass(frozen=True, slots=True)
class State:
    """One state of one run, as a value: to change it, make another with `with_(…)`.

    `details` holds JSON values under the keys of DETAIL_DEFAULTS; keys that are not known are kept.
    `data` is opaque to the server: None, or the metadata of a persisted result.
    """

    type: StateType
    name: str = ""
    message: str | None = None
    data: Any = None
    details: dict[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid7)
    timestamp: datetime = field(default_factory=now)

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.type.value.capitalize())
        if self.type is StateType.SCHEDULED and not self.details.get("scheduled_time"):
            scheduled = {"scheduled_time": format_time(self.timestamp)}
            object.__setattr__(self, "details", {**self.details, **scheduled})

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> Self:
        """Read a state as the API writes it. Missing id and timestamp are made anew."""
        made: dict[str, Any] = {}
        if wire.get("id"):
            made["id"] = wire["id"] if isinstance(wire["id"], UUID) else UUID(str(wire["id"]))
        if wire.get("timestamp"):
            stamp = wire["timestamp"]
            made["timestamp"] = stamp if isinstance(stamp, datetime) else parse_time(stamp)
        return cls(
            type=StateType(wire["type"]),
            name=wire.get("name") or "",
            message=wire.get("message"),
            data=wire.get("data"),
            details=dict(wire.get("state_details") or {}),
            **made,
        )

    def to_wire(self) -> dict[str, Any]:
        """As the API has it: JSON values, with every known detail."""
        return {
            "id": str(self.id),
            "type": self.type.value,
            "name": self.name,
            "timestamp": format_time(self.timestamp),
            "message": self.message,
            "data": self.data,
            "state_details": {**DETAIL_DEFAULTS, **self.details},
        }

    def with_(self, **changes: Any) -> Self:
        """A copy with these fields changed; id and time too stay as they are unless they are given."""
        return replace(self, **changes)

    def with_details(self, **details: Any) -> Self:
        """A copy with these details besides those that it has."""
        return replace(self, details={**self.details, **details})

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended: completed, failed, cancelled or crashed."""
        return self.type in TERMINAL

    @property
    def scheduled_time(self) -> datetime | None:
        """When the run is to begin; None when the state says nothing about it."""
        return self._time("scheduled_time")

    @property
    def pause_timeout(self) -> datetime | None:
        """Until when a paused run may be resumed; None when the state says nothing about it."""
        return self._time("pause_timeout")

    @property
    def transition_id(self) -> str | None:
        """By this a proposal that is sent twice is known again; None when nobody gave one."""
        return self.details.get("transition_id")

    @property
    def has_persisted_result(self) -> bool:
        """True when `data` is the metadata of a stored result, which must not be lost."""
        return isinstance(self.data, dict) and self.data.get("type") != "unpersisted"

    def _time(self, key: str) -> datetime | None:
        text = self.details.get(key)
        return parse_time(text) if text else None
