"""How claims are answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orchestrator.contract.states import StateType
from orchestrator.rest.answering import Shape
from runs.api.shapes import Flow, FlowRunResponse


class Claim(Shape):
    """What a worker needs to execute the run that it took."""

    id: UUID
    attempt: int
    max_attempts: int
    lease_seconds: float
    flow_run: FlowRunResponse
    flow: Flow
    deployment: dict[str, Any] | None  # its columns, as far as executing it asks for them


class Renewal(Shape):
    """For how long the claim holds, and the run's state: CANCELLING tells the holder to stop it."""

    lease_seconds: float
    state_type: StateType | None
    state_name: str | None


class HeldClaim(Shape):
    """A run that a worker has now, and the state it is in."""

    id: UUID
    flow_run_id: UUID
    process_id: int | None
    state_type: StateType | None
