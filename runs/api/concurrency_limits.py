"""What clients ask about concurrency limits while there are none.

A client asks for slots under the tags of a task before it runs; a name without a limit never makes it wait.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.contract.ids import uuid7
from orchestrator.rest.bodies import Body
from orchestrator.rest.views import ApiView, no_content, takes

SHORTEST_LEASE, LONGEST_LEASE = 60, 86_400  # seconds


class Holder(Body):
    type: Literal["flow_run", "task_run", "deployment"]
    id: UUID


class TakeSlots(Body):
    names: list[str] = Field(min_length=1)
    slots: int = Field(gt=0)
    mode: Literal["concurrency", "rate_limit"] = "concurrency"
    create_if_missing: bool | None = None


class LeaseSlots(TakeSlots):
    lease_duration: float = Field(default=300, ge=SHORTEST_LEASE, le=LONGEST_LEASE)  # seconds
    holder: Holder | None = None


class RenewLease(Body):
    lease_duration: float = Field(default=300, ge=SHORTEST_LEASE, le=LONGEST_LEASE)  # seconds


class ReturnLease(Body):
    lease_id: UUID


class TakenSlots(ApiView):
    @takes(TakeSlots)
    def post(self, request: Request, body: TakeSlots) -> list[Any]:
        return []


class LeasedSlots(ApiView):
    @takes(LeaseSlots)
    def post(self, request: Request, body: LeaseSlots) -> dict[str, Any]:
        return {"lease_id": uuid7(), "limits": []}


class RenewedLease(ApiView):
    @takes(RenewLease)
    def post(self, request: Request, lease_id: UUID, body: RenewLease) -> Response:
        """A lease over nothing never runs out."""
        return no_content()


class ReturnedLeases(ApiView):
    @takes(ReturnLease)
    def post(self, request: Request, body: ReturnLease) -> Response:
        """Unknown leases are returned without complaint."""
        return no_content()
