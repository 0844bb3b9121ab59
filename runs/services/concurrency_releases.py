"""Slots freed by hand, because somebody knows that their holder no longer needs them. Each is told as an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from orchestrator.contract.events import resource
from orchestrator.contract.times import now
from orchestrator.events.emit import emit
from runs.errors import ConcurrencyLimitNotFound, LeaseNotHeld
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot
from runs.services.concurrency_leases import end_leases
from runs.services.concurrency_limits import ByIdOrName, get_limit
from runs.services.concurrency_slots import save_counts

FREED = "prefect.concurrency-limit.slots-freed"

Author = Mapping[str, Any] | None  # who does it, as it is kept with the event; None: nobody knows


def free_lease(*, limit_id: UUID, lease_id: UUID, author: Author = None, reason: str = "") -> int:
    """End one lease on slots of this limit, and with it what it has of others. Its holder is not stopped.

    Returns how many slots of the limit are free now. Raises ConcurrencyLimitNotFound, and LeaseNotHeld when the lease
    has ended meanwhile.
    """
    with transaction.atomic():
        limit = get_limit(ByIdOrName(id=limit_id))
        slot = ConcurrencySlot.objects.select_related("lease").filter(limit=limit, lease=lease_id).first()
        if slot is None or not end_leases([lease_id]):
            raise LeaseNotHeld("The lease has ended already.")
        _emit(limit, slots=slot.slots, holders=[_holder(slot.lease)], author=author, reason=reason)
    return slot.slots


def free_all_slots(*, limit_id: UUID, author: Author = None, reason: str = "") -> int:
    """End every lease on slots of this limit, and forget those that were only counted.

    Returns how many slots were in use. Raises ConcurrencyLimitNotFound.
    """
    with transaction.atomic():
        limit, at = get_limit(ByIdOrName(id=limit_id)), now()
        slots = list(ConcurrencySlot.objects.live(at).filter(limit=limit).select_related("lease"))
        freed = limit.counted(at) + sum(slot.slots for slot in slots if not slot.counted)
        end_leases([slot.lease_id for slot in slots])  # this locks all limits that they have slots of, in order
        limit = _locked(limit_id)
        limit.counted_slots, limit.counted_at = 0, at
        save_counts(limit)
        _emit(limit, slots=freed, holders=[_holder(slot.lease) for slot in slots], author=author, reason=reason)
    return freed


def _locked(limit_id: UUID) -> ConcurrencyLimit:
    limit = ConcurrencyLimit.objects.filter(pk=limit_id).locked().first()
    if limit is None:
        raise ConcurrencyLimitNotFound
    return limit


def _holder(lease: ConcurrencyLease) -> dict[str, str | None]:
    kind, holder_id = lease.holder()
    return {"lease_id": str(lease.pk), "type": kind, "id": str(holder_id) if holder_id else None}


def _emit(limit: ConcurrencyLimit, *, slots: int, holders: list[dict[str, Any]], author: Author, reason: str) -> None:
    emit(
        event=FREED,
        resource=resource("concurrency-limit", limit.pk, name=limit.name),
        payload={
            "slots": slots,
            "holders": holders[:100],
            "freed_by": dict(author) if author else None,
            "reason": reason or None,
        },
    )
