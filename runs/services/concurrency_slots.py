"""Slots of limits: taken and given back, all or none, and never more than there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from orchestrator.contract.times import now
from orchestrator.statements.writing import insert_rows
from runs.errors import NotARateLimit, SlotsNotFree, TooManySlots
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot
from runs.orchestration.waiting import longest_wait, spread
from runs.services.concurrency_waits import forget_wait, remember_refusal

HolderType = ConcurrencyLease.HolderType

_COUNTS = ("counted_slots", "counted_at", "denied_slots", "denied_at", "avg_slot_occupancy_seconds")


@dataclass(frozen=True, slots=True)
class Taken:
    """`limits` are all that exist of those asked for; `lease_id` is None for slots without a lease."""

    limits: list[ConcurrencyLimit]
    lease_id: UUID | None = None


def take_slots(*, names: Collection[str], slots: int, rate_limit: bool = False) -> Taken:
    """So many slots of each limit, which are free again when they have decayed or are given back.

    Limits that do not exist or are not active are passed over. Raises TooManySlots, NotARateLimit, and SlotsNotFree
    when a limit has not that many; then none is taken.
    """
    return _take(names, slots, rate_limit=rate_limit)


def lease_slots(
    *,
    names: Collection[str],
    slots: int,
    seconds: float,
    rate_limit: bool = False,
    holder_type: str | None = None,
    holder_id: UUID | None = None,
) -> Taken:
    """The same, held for so many seconds, or longer if the lease is renewed."""
    return _take(names, slots, rate_limit=rate_limit, seconds=seconds, holder_type=holder_type, holder_id=holder_id)


def return_slots(
    *, names: Collection[str], slots: int, occupancy_seconds: float | None = None
) -> list[ConcurrencyLimit]:
    """Give back slots that were taken without a lease. Returns the limits that exist."""
    at = now()
    with transaction.atomic():
        limits = locked_limits(name__in=names)
        active = [limit for limit in limits if limit.active]
        leased = ConcurrencySlot.objects.in_use([limit.pk for limit in active], at)
        for limit in active:
            if limit.counted(at) < slots and limit.pk in leased:
                # More is given back than was only counted, so part of it belongs to leases: from now on count those.
                _count_leased(limit, leased[limit.pk], at)
            limit.count(-slots, at)
            if occupancy_seconds:
                limit.learn_occupancy(occupancy_seconds / slots)
            save_counts(limit)
    return limits


def locked_limits(**columns: Any) -> list[ConcurrencyLimit]:
    """Locked until the transaction ends, so that what is counted of them afterwards holds."""
    return list(ConcurrencyLimit.objects.filter(**columns).locked())


def full_ones(limits: Sequence[ConcurrencyLimit], slots: int, at: datetime) -> dict[UUID, int]:
    """Those of the limits, locked ones, that have not so many slots left, each with how many are in use."""
    leased = ConcurrencySlot.objects.in_use([limit.pk for limit in limits], at) if limits else {}
    in_use = {limit.pk: limit.counted(at) + leased.get(limit.pk, 0) for limit in limits}
    return {limit.pk: in_use[limit.pk] for limit in limits if in_use[limit.pk] + slots > limit.limit}


def store_lease(
    *,
    limits: Iterable[ConcurrencyLimit],
    slots: int,
    seconds: float | None,
    at: datetime,
    holder_type: str | None = None,
    holder_id: UUID | None = None,
    flow_run_id: UUID | None = None,
    task_run_id: UUID | None = None,
) -> ConcurrencyLease:
    """A lease on slots of limits that the caller has locked and found free. `seconds` None: until its run is done."""
    lease = ConcurrencyLease(
        taken_at=at,
        expires_at=None if seconds is None else at + timedelta(seconds=seconds),
        holder_type=holder_type,
        holder_id=holder_id,
        flow_run_id=flow_run_id,
        task_run_id=task_run_id,
    )
    insert_rows([lease])
    rows = [ConcurrencySlot(lease=lease, limit=limit, slots=slots, counted=limit.decays) for limit in limits]
    insert_rows(rows)
    for limit in limits:
        if limit.decays:  # they become free by themselves, so they are counted, and the row tells only who has them
            limit.count(slots, at)
            save_counts(limit)
    return lease


def save_counts(limit: ConcurrencyLimit) -> None:
    limit.save(
        update_fields=[
            "counted_slots",
            "counted_at",
            "denied_slots",
            "denied_at",
            "avg_slot_occupancy_seconds",
            "updated",
        ]
    )


def _take(
    names: Collection[str],
    slots: int,
    *,
    rate_limit: bool,
    seconds: float | None = None,
    holder_type: str | None = None,
    holder_id: UUID | None = None,
) -> Taken:
    at = now()
    with transaction.atomic():
        limits = locked_limits(name__in=names)
        active = [limit for limit in limits if limit.active]
        _refuse_what_can_never_be(active, slots, rate_limit=rate_limit)
        full = full_ones(active, slots, at)
        if not full:
            return _store(limits, active, slots, at, seconds, holder_type, holder_id)
        wait = _seconds_to_wait(active, slots, at)
        for limit in active:
            limit.deny(slots, at, longest_wait(limit.tag))
            save_counts(limit)
        if holder_type is not None and holder_id is not None:
            remember_refusal(
                limits=full, holder_type=holder_type, holder_id=holder_id, slots=slots, at=at, seconds=wait
            )
    raise SlotsNotFree(wait)


def _store(
    limits: list[ConcurrencyLimit],
    active: list[ConcurrencyLimit],
    slots: int,
    at: datetime,
    seconds: float | None,
    holder_type: str | None,
    holder_id: UUID | None,
) -> Taken:
    if seconds is None:
        for limit in active:
            limit.count(slots, at)
            save_counts(limit)
        return Taken(limits)
    if holder_id is not None:
        forget_wait(limits=active, holder_id=holder_id, at=at)
    lease = store_lease(
        limits=active, slots=slots, seconds=seconds, at=at, holder_type=holder_type, holder_id=holder_id
    )
    return Taken(limits, lease.pk)


def _refuse_what_can_never_be(active: list[ConcurrencyLimit], slots: int, *, rate_limit: bool) -> None:
    if any(limit.limit < slots for limit in active):
        raise TooManySlots("Slots requested is greater than the limit")
    lasting = [limit.name for limit in active if not limit.decays]
    if rate_limit and lasting:
        names = ", ".join(lasting)
        raise NotARateLimit(f"A rate limit needs slots that decay, and those of these limits do not: {names}")


def _seconds_to_wait(active: list[ConcurrencyLimit], slots: int, at: datetime) -> float:
    """A guess of when it is this one's turn, given who else was refused of late."""

    def asked_for(limit: ConcurrencyLimit) -> float:
        all_slots = slots + limit.denied(at, longest_wait(limit.tag))
        return all_slots if limit.decays else all_slots / limit.limit

    slowest = max(active, key=asked_for)
    if slowest.decays:
        return spread(asked_for(slowest) / slowest.slot_decay_per_second)
    longest = longest_wait(slowest.tag)
    return spread(min(min(slowest.avg_slot_occupancy_seconds, longest) * asked_for(slowest), longest))


def _count_leased(limit: ConcurrencyLimit, slots: int, at: datetime) -> None:
    ConcurrencySlot.objects.filter(limit=limit.pk, counted=False).update(counted=True)
    limit.count(slots, at)
