"""Who holds the slots of a limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.contract.times import now
from runs.models import ConcurrencyLimit, ConcurrencySlot, FlowRun, TaskRun

Run = FlowRun | TaskRun
Who = tuple[str | None, UUID | None]  # what holds or waits, and its identifier


@dataclass(frozen=True, slots=True)
class Holder:
    """Slots of one lease. `run` is None where it holds for something else, or is gone."""

    lease_id: UUID
    slots: int
    since: datetime
    expires_at: datetime | None
    kind: str | None
    id: UUID | None
    run: Run | None = None


def holders_of(limit: ConcurrencyLimit, most: int, at: datetime | None = None) -> list[Holder]:
    """Those with a lease, longest first. Slots that were only counted have no holder. Three queries."""
    rows = ConcurrencySlot.objects.live(at or now()).filter(limit=limit).select_related("lease")
    slots = list(rows.order_by("lease__taken_at", "lease")[:most])
    runs = runs_named(slot.lease.holder() for slot in slots)
    return [_holder(slot, runs) for slot in slots]


def runs_named(those: Iterable[Who]) -> dict[Who, Run]:
    """Those that exist, with the names of what they belong to. A query for flow runs, and one for task runs."""
    wanted: dict[str, list[UUID]] = {}
    for kind, identifier in those:
        if kind in ("flow_run", "task_run") and identifier is not None:
            wanted.setdefault(kind, []).append(identifier)
    return {(kind, run.pk): run for kind, ids in wanted.items() for run in _rows(kind, ids)}


def _rows(kind: str, ids: Sequence[UUID]) -> Iterable[Run]:
    state = ("name", "state_type", "state_name", "state_timestamp")
    if kind == "flow_run":
        return FlowRun.objects.filter(pk__in=ids).select_related("flow").only(*state, "flow__name")
    return TaskRun.objects.filter(pk__in=ids).select_related("flow_run").only(*state, "flow_run__name")


def _holder(slot: ConcurrencySlot, runs: Mapping[Who, Run]) -> Holder:
    kind, identifier = slot.lease.holder()
    run = runs.get((kind, identifier))
    return Holder(slot.lease_id, slot.slots, slot.lease.taken_at, slot.lease.expires_at, kind, identifier, run)
