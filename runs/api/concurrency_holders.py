"""Who holds the slots of a concurrency limit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from rest_framework.request import Request

from orchestrator.contract.times import now
from orchestrator.rest.answering import Shape
from orchestrator.rest.views import ApiView, answers
from runs import errors
from runs.models import ConcurrencySlot, FlowRun, TaskRun
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
        limit = get_limit(ByIdOrName.parse(id_or_name))
        rows = ConcurrencySlot.objects.live(now()).filter(limit=limit).select_related("lease")
        holders = [_holder(slot) for slot in rows.order_by("lease__taken_at", "lease")[:MOST]]
        names = {
            kind: dict(model.objects.filter(pk__in=ids).values_list("pk", "name"))
            for kind, model in (("flow_run", FlowRun), ("task_run", TaskRun))
            if (ids := [each["holder_id"] for each in holders if each["holder_type"] == kind])
        }
        return [{**each, "holder_name": names.get(each["holder_type"], {}).get(each["holder_id"])} for each in holders]


def _holder(slot: ConcurrencySlot) -> dict[str, Any]:
    lease = slot.lease
    kind, holder_id = lease.holder_type, lease.holder_id
    # Taken by the rules for a run, it says so whatever else it says.
    if lease.task_run_id:
        kind, holder_id = "task_run", lease.task_run_id
    elif lease.flow_run_id:
        kind, holder_id = "flow_run", lease.flow_run_id
    return {
        "lease_id": lease.pk,
        "slots": slot.slots,
        "since": lease.taken_at,
        "expires_at": lease.expires_at,
        "holder_type": kind,
        "holder_id": holder_id,
    }
