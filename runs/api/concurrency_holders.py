"""Who holds the slots of a concurrency limit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from rest_framework.request import Request

from orchestrator.rest.answering import Shape
from orchestrator.rest.views import ApiView, answers
from runs import errors
from runs.services.concurrency_holders import Holder, holders_of
from runs.services.concurrency_limits import ByIdOrName, get_limit

MOST = 200  # holders that are told, those who have held longest


class ConcurrencyLimitHolder(Shape):
    """Slots of one lease. `holder` is a run, or whatever the client said that took the lease; None when nothing did."""

    lease_id: UUID
    slots: int
    since: datetime
    expires_at: datetime | None
    holder_type: Literal["flow_run", "task_run", "deployment"] | None
    holder_id: UUID | None
    holder_name: str | None


class ConcurrencyLimitHolders(ApiView):
    not_found = {errors.ConcurrencyLimitNotFound: "Concurrency Limit not found"}

    @answers(list[ConcurrencyLimitHolder])
    def get(self, request: Request, id_or_name: str) -> list[dict[str, Any]]:
        """Those with a lease, longest first. Slots that were only counted have no holder. Four queries."""
        return [_answer(holder) for holder in holders_of(get_limit(ByIdOrName.parse(id_or_name)), MOST)]


def _answer(holder: Holder) -> dict[str, Any]:
    return {
        "lease_id": holder.lease_id,
        "slots": holder.slots,
        "since": holder.since,
        "expires_at": holder.expires_at,
        "holder_type": holder.kind,
        "holder_id": holder.id,
        "holder_name": holder.run.name if holder.run else None,
    }
