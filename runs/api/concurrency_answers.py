"""How concurrency limits are answered: those of tags, and all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from orchestrator.contract.times import now
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot


def new_limit_answer(limit: ConcurrencyLimit) -> dict[str, Any]:
    return {
        **_limit_answer(limit, limit.counted_slots),
        "denied_slots": limit.denied_slots,
        "avg_slot_occupancy_seconds": limit.avg_slot_occupancy_seconds,
    }


def limit_answers(limits: Iterable[ConcurrencyLimit]) -> list[dict[str, Any]]:
    """With the slots in use at this moment. Two queries."""
    rows, at = list(limits), now()
    leased = ConcurrencySlot.objects.in_use([limit.pk for limit in rows], at) if rows else {}
    return [_limit_answer(limit, limit.counted(at) + leased.get(limit.pk, 0)) for limit in rows]


def global_limit_answers(limit_ids: Iterable[UUID | None]) -> dict[UUID, dict[str, Any]]:
    """By identifier, for what points at limits. No query when nothing does."""
    ids = {limit_id for limit_id in limit_ids if limit_id is not None}
    return (
        {answer["id"]: answer for answer in limit_answers(ConcurrencyLimit.objects.filter(pk__in=ids))} if ids else {}
    )


def minimal_answers(limits: Iterable[ConcurrencyLimit]) -> list[dict[str, Any]]:
    return [{"id": limit.pk, "name": limit.name, "limit": limit.limit} for limit in limits]


def tag_limit_answers(limits: Iterable[ConcurrencyLimit]) -> list[dict[str, Any]]:
    """With the task runs that hold slots. Two queries."""
    rows = list(limits)
    holders = _holders(rows)
    return [
        {
            "id": limit.pk,
            "created": limit.created,
            "updated": limit.updated,
            "tag": limit.tag,
            "concurrency_limit": limit.limit,
            "active_slots": holders[limit.pk],
        }
        for limit in rows
    ]


def _limit_answer(limit: ConcurrencyLimit, active_slots: int) -> dict[str, Any]:
    return {
        "id": limit.pk,
        "created": limit.created,
        "updated": limit.updated,
        "active": limit.active,
        "name": limit.name,
        "limit": limit.limit,
        "active_slots": active_slots,
        "slot_decay_per_second": limit.slot_decay_per_second,
    }


def _holders(limits: Sequence[ConcurrencyLimit]) -> dict[UUID, list[UUID]]:
    held: dict[UUID, list[UUID]] = defaultdict(list)
    if limits:
        rows = ConcurrencySlot.objects.live(now()).filter(
            limit__in=limits, lease__holder_type=ConcurrencyLease.HolderType.TASK_RUN
        )
        for limit_id, holder_id in rows.order_by("lease").values_list("limit", "lease__holder_id"):
            held[limit_id].append(holder_id)
    return held
