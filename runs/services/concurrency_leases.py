"""Leases on slots: renewed, given back, and taken away from holders that are gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from runs.errors import LeaseNotHeld, SlotsNotFree, TagLimitReached
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot
from runs.models.concurrency_limits import TAG_PREFIX
from runs.orchestration.rules.deployment_concurrency import UNDER_WAY
from runs.orchestration.rules.tag_concurrency import TASK_HOLDS
from runs.orchestration.waiting import LONGEST_WAIT_FOR_TAGS
from runs.services.concurrency_limits import EVER
from runs.services.concurrency_slots import HolderType, lease_slots, locked_limits, save_counts

BATCH = 500  # leases that one call of the service ends

# Leases that the rules took for a run that has left the work they were for. Leaving it ends them; should that ever
# have been missed, nothing else would: nobody renews them.
_LEFT_BEHIND = Q(expires_at=None) & (
    (Q(flow_run__isnull=False) & ~Q(flow_run__state_type__in=[*UNDER_WAY, StateType.SCHEDULED]))
    | (Q(task_run__isnull=False) & ~Q(task_run__state_type__in=TASK_HOLDS))
)


def renew_lease(*, lease_id: UUID, seconds: float) -> None:
    """Hold it for so many seconds from now. Touches the lease alone. Raises LeaseNotHeld."""
    at = now()
    leases = ConcurrencyLease.objects.filter(pk=lease_id, expires_at__gt=at)
    if not leases.update(expires_at=at + timedelta(seconds=seconds)):
        raise LeaseNotHeld("Lease not found: it has expired, or was given back.")


def return_lease(*, lease_id: UUID) -> None:
    """Free its slots. A lease that ended already is left alone."""
    with transaction.atomic():
        end_leases([lease_id], learn=True)


def take_slots_of_tags(*, tags: Collection[str], task_run_id: UUID) -> list[ConcurrencyLimit]:
    """One slot of each tag's limit for a task run that cannot renew a lease: held until it is given back.

    Raises TagLimitReached when any of them has none left; then none is taken.
    """
    names = [f"{TAG_PREFIX}{tag}" for tag in tags]
    closed = ConcurrencyLimit.objects.filter(name__in=names, limit=0).by_name().first()
    if closed is not None:
        raise TagLimitReached(
            f'The concurrency limit on tag "{closed.tag}" is 0 and will deadlock if the task tries to run again.'
        )
    try:
        taken = lease_slots(names=names, slots=1, seconds=EVER, holder_type=HolderType.TASK_RUN, holder_id=task_run_id)
    except SlotsNotFree:
        reason = f"Concurrency limit for the {', '.join(tags)} tag has been reached"
        raise TagLimitReached(reason, seconds=LONGEST_WAIT_FOR_TAGS) from None
    return [limit for limit in taken.limits if limit.active]


def return_slots_of_tags(*, tags: Collection[str], task_run_id: UUID) -> list[ConcurrencyLimit]:
    """End what the task run holds of these tags' limits. Returns the limits that exist."""
    limits = list(ConcurrencyLimit.objects.filter(name__in=[f"{TAG_PREFIX}{tag}" for tag in tags]).by_name())
    with transaction.atomic():
        held = ConcurrencyLease.objects.filter(holder_id=task_run_id, slots__limit__in=limits)
        end_leases(set(held.values_list("pk", flat=True)))
    return limits


def repossess_expired_leases() -> int:
    """End leases that nobody renewed, and those whose run no longer needs them, at most BATCH. Returns how many.

    Expired leases hold nobody up; this clears them away, and frees what is only counted.
    """
    over = Q(expires_at__lte=now()) | _LEFT_BEHIND
    ended = 0
    for first in (Q(expires_at__lte=now()), _LEFT_BEHIND):
        leases = ConcurrencyLease.objects.filter(first).order_by("expires_at", "pk")
        found = list(leases.values_list("pk", flat=True)[: BATCH - ended])
        if found:
            with transaction.atomic():
                ended += end_leases(found, still=over, learn=True)
    return ended


def end_leases(lease_ids: Collection[UUID], *, still: Q | None = None, learn: bool = False) -> int:
    """Free the slots of these leases, those only that are `still` so. Returns how many were ended.

    With `learn` the limits remember for how long the slots were held. Called inside a transaction. Limits are locked
    before leases, as by everybody.
    """
    if not lease_ids:
        return 0
    all_slots = ConcurrencySlot.objects.filter(lease__in=lease_ids)
    limits = {limit.pk: limit for limit in locked_limits(pk__in=set(all_slots.values_list("limit", flat=True)))}
    leases = ConcurrencyLease.objects.filter(still or Q(), pk__in=lease_ids).select_for_update(of=("self",))
    ending = {lease.pk: lease for lease in leases}
    if not ending:
        return 0
    held: dict[UUID, list[ConcurrencySlot]] = defaultdict(list)
    for slot in ConcurrencySlot.objects.filter(lease__in=ending):
        held[slot.limit_id].append(slot)
    ConcurrencyLease.objects.filter(pk__in=ending).delete()
    at = now()
    for limit_id, slots in held.items():
        _settle(limits[limit_id], slots, ending, at, learn=learn)
    return len(ending)


def _settle(
    limit: ConcurrencyLimit,
    slots: Iterable[ConcurrencySlot],
    leases: Mapping[UUID, ConcurrencyLease],
    at: datetime,
    *,
    learn: bool,
) -> None:
    counted = sum(slot.slots for slot in slots if slot.counted)
    if not (learn or counted):
        return
    if counted:
        limit.count(-counted, at)
    for slot in slots if learn and limit.active else ():
        limit.learn_occupancy((at - leases[slot.lease_id].taken_at).total_seconds() / slot.slots)
    save_counts(limit)
