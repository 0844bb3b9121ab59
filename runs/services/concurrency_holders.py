"""Who holds the slots of a limit, and who waits for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count

from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from runs.models import ConcurrencyLimit, ConcurrencySlot, FlowRun, TaskRun

AWAITING_SLOT = "AwaitingConcurrencySlot"  # the name of the state in which a deployment's run waits for its slot
MOST_PENDING = 10_000  # task runs among which those are looked for that wait for a tag
_RUNS: dict[str, Any] = {"flow_run": FlowRun, "task_run": TaskRun}


@dataclass(frozen=True, slots=True)
class Holder:
    """Slots of one lease. `run` is None where it holds for something else, or is gone."""

    lease_id: UUID
    slots: int
    since: datetime
    expires_at: datetime | None
    kind: str | None
    id: UUID | None
    run: FlowRun | TaskRun | None = None


def holders_of(limit: ConcurrencyLimit, most: int, at: datetime | None = None) -> list[Holder]:
    """Those with a lease, longest first. Slots that were only counted have no holder. Three queries."""
    rows = ConcurrencySlot.objects.live(at or now()).filter(limit=limit).select_related("lease")
    slots = list(rows.order_by("lease__taken_at", "lease")[:most])
    wanted: dict[str, list[UUID]] = {kind: [] for kind in _RUNS}
    for slot in slots:
        kind, identifier = slot.lease.holder()
        if kind in wanted and identifier is not None:
            wanted[kind].append(identifier)
    runs = {(kind, run.pk): run for kind, ids in wanted.items() if ids for run in _named(kind, ids)}
    return [_holder(slot, runs) for slot in slots]


def runs_waiting_for(limit: ConcurrencyLimit, most: int) -> Sequence[FlowRun]:
    """Runs of deployments that found the limit full, in the order in which they try again. One query."""
    waiting = FlowRun.objects.scheduled().filter(
        state_name=AWAITING_SLOT, deployment__global_concurrency_limit=limit.pk
    )
    waiting = waiting.select_related("flow", "deployment").defer("parameters", "context")
    return list(waiting.order_by("next_scheduled_start_time", "pk")[:most])


def tasks_waiting_for(limit: ConcurrencyLimit, most: int) -> Sequence[TaskRun]:
    """Task runs with the limit's tag that are about to begin: their engines ask for the slot. Two queries."""
    if limit.tag is None:
        return []
    ids = [task_id for task_id, tags in _about_to_begin() if limit.tag in tags][:most]
    waiting = TaskRun.objects.filter(pk__in=ids) if ids else TaskRun.objects.none()
    return list(waiting.select_related("flow_run").order_by("state_timestamp", "pk"))


def waiting_counts(limits: Iterable[ConcurrencyLimit]) -> dict[UUID, int]:
    """How many runs wait for each limit; those for which none waits are left out. Two queries."""
    limits = list(limits)
    flow_runs = FlowRun.objects.scheduled().filter(
        state_name=AWAITING_SLOT, deployment__global_concurrency_limit__in=[limit.pk for limit in limits]
    )
    by_limit = flow_runs.order_by().values_list("deployment__global_concurrency_limit").annotate(Count("pk"))
    found: dict[UUID, int] = dict(by_limit) if limits else {}
    tags = {limit.tag: limit.pk for limit in limits if limit.tag is not None}
    if tags:
        for _, carried in _about_to_begin():
            for tag in tags.keys() & set(carried):
                found[tags[tag]] = found.get(tags[tag], 0) + 1
    return found


def _about_to_begin() -> Iterable[tuple[UUID, list[str]]]:
    """Task runs that are PENDING, each with its tags. Found by their state: a tag may have had a million task runs."""
    pending = TaskRun.objects.filter(state_type=StateType.PENDING).exclude(tags=[])
    return pending.order_by("pk").values_list("pk", "tags")[:MOST_PENDING]


def _named(kind: str, ids: Sequence[UUID]) -> Iterable[FlowRun | TaskRun]:
    model = _RUNS[kind]
    named: Iterable[FlowRun | TaskRun] = model.objects.filter(pk__in=ids).only(
        "id", "name", "state_type", "state_name", "state_timestamp"
    )
    return named


def _holder(slot: ConcurrencySlot, runs: dict[tuple[str, UUID], FlowRun | TaskRun]) -> Holder:
    kind, identifier = slot.lease.holder()
    run = runs.get((kind, identifier)) if kind is not None and identifier is not None else None
    return Holder(slot.lease_id, slot.slots, slot.lease.taken_at, slot.lease.expires_at, kind, identifier, run)
