"""Who waits for slots of a limit: remembered while they are expected to ask again, and listed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from runs.models import ConcurrencyLimit, FlowRun, SlotWait, TaskRun
from runs.orchestration.waiting import LONGEST_WAIT
from runs.services.concurrency_holders import Run, runs_named

AWAITING_SLOT = "AwaitingConcurrencySlot"  # the name of the state in which a deployment's run waits for its slot
BATCH = 1_000  # waits that are forgotten at a time
MOST_PENDING = 10_000  # task runs among which those are looked for that wait for a tag
PATIENCE = timedelta(seconds=15)  # for which somebody who was to ask again is not yet taken for gone
_RECENT = 2 * timedelta(seconds=LONGEST_WAIT)  # nobody waits for a limit that refused nobody for so long


@dataclass(frozen=True, slots=True)
class Waiter:
    """`run` is None where somebody else asks, or the run is gone."""

    wait: SlotWait
    run: Run | None


def remember_refusal(
    *, limits: Collection[UUID], holder_type: str, holder_id: UUID, slots: int, at: datetime, seconds: float
) -> None:
    """That these limits, which the caller has locked, had too few slots; `seconds` until it is to ask again."""
    again_at = at + timedelta(seconds=seconds)
    news = {"slots": slots, "asked_at": at, "again_at": again_at, "until": again_at + PATIENCE}
    waits = SlotWait.objects.filter(limit__in=limits, holder_id=holder_id)
    if waits.asking(at).update(**news) == len(limits):
        return
    waits.over(at).delete()
    rows = [SlotWait(limit_id=pk, holder_type=holder_type, holder_id=holder_id, since=at, **news) for pk in limits]
    SlotWait.objects.bulk_create(rows, ignore_conflicts=True)


def forget_wait(*, limits: Iterable[ConcurrencyLimit], holder_id: UUID, at: datetime) -> None:
    """It has the slots now. Limits that refused nobody of late cost nothing."""
    contended = [limit.pk for limit in limits if limit.denied_slots and limit.denied_at > at - _RECENT]
    if contended:
        SlotWait.objects.filter(limit__in=contended, holder_id=holder_id).delete()


def forget_those_over() -> int:
    """Those who did not ask again, at most BATCH; who asks at this moment is left alone. Returns how many."""
    with transaction.atomic():
        over = SlotWait.objects.over(now()).select_for_update(skip_locked=True)
        return SlotWait.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:BATCH])).delete()[0]


def is_asking(holder_id: UUID, at: datetime) -> bool:
    """Whether it waits for slots of some limit. One query."""
    return SlotWait.objects.asking(at).filter(holder_id=holder_id).exists()


def waiters_for(limit: ConcurrencyLimit, most: int, at: datetime) -> Sequence[Waiter]:
    """Those who ask for slots by themselves, longest first. At most three queries."""
    waits = list(SlotWait.objects.asking(at).filter(limit=limit).order_by("since", "pk")[:most])
    runs = runs_named((wait.holder_type, wait.holder_id) for wait in waits)
    return [Waiter(wait, runs.get((wait.holder_type, wait.holder_id))) for wait in waits]


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


def waiting_counts(limits: Iterable[ConcurrencyLimit], at: datetime) -> dict[UUID, int]:
    """How many wait for each limit; those for which none waits are left out. Three queries."""
    limits = list(limits)
    flow_runs = FlowRun.objects.scheduled().filter(
        state_name=AWAITING_SLOT, deployment__global_concurrency_limit__in=[limit.pk for limit in limits]
    )
    by_limit = flow_runs.order_by().values_list("deployment__global_concurrency_limit").annotate(Count("pk"))
    found: dict[UUID, int] = dict(by_limit)
    asking: dict[UUID, set[UUID]] = {}
    for limit_id, holder_id in SlotWait.objects.asking(at).filter(limit__in=limits).values_list("limit", "holder_id"):
        asking.setdefault(limit_id, set()).add(holder_id)
    tags = {limit.tag: limit.pk for limit in limits if limit.tag is not None}
    if tags:
        for task_id, carried in _about_to_begin():
            for tag in tags.keys() & set(carried):
                asking.setdefault(tags[tag], set()).add(task_id)
    for limit_id, holders in asking.items():
        found[limit_id] = found.get(limit_id, 0) + len(holders)
    return found


def _about_to_begin() -> Iterable[tuple[UUID, list[str]]]:
    """Task runs that are PENDING, each with its tags. Found by their state: a tag may have had a million task runs."""
    pending = TaskRun.objects.filter(state_type=StateType.PENDING).exclude(tags=[])
    return pending.order_by("pk").values_list("pk", "tags")[:MOST_PENDING]
