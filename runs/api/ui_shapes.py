"""What pages of a user interface ask for in one request each, and what they are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator

from orchestrator.contract.states import StateType
from orchestrator.rest.answering import Shape
from orchestrator.rest.bodies import Envelope

MOST_IDS = 1000  # of one request


def _few_enough(ids: list[UUID]) -> list[UUID]:
    if len(ids) > MOST_IDS:
        raise ValueError(f"At most {MOST_IDS} identifiers can be asked about at once.")
    return ids


Ids = Annotated[list[UUID], AfterValidator(_few_enough)]


class FlowRunIds(Envelope):
    flow_run_ids: Ids


class FlowIds(Envelope):
    flow_ids: Ids


class SimpleFlowRun(Shape):
    """`duration` and `lateness` in seconds; `timestamp` is the start, or the expected start of what has not begun."""

    id: UUID
    state_type: StateType
    timestamp: datetime
    duration: float
    lateness: float


CountByState: Any = type(
    "CountByState", (Shape,), {"__annotations__": {type_.value: int for type_ in StateType}, "__module__": __name__}
)


class SimpleNextFlowRun(Shape):
    id: UUID
    flow_id: UUID
    name: str
    state_name: str
    state_type: StateType
    next_scheduled_start_time: datetime
