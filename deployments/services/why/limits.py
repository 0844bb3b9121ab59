"""Reads the limit of a deployment, and who has its slots."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deployments.models import Deployment
from deployments.services.why.explanation import Holder
from deployments.services.why.situation import AskedFact, LimitFact
from runs.models import ConcurrencyLimit, ConcurrencySlot, FlowRun, SlotWait, TaskRun
from runs.models.concurrency_limits import DEPLOYMENT_PREFIX
from runs.models.run import Run

MOST_HOLDERS = 20
MOST_ASKED = 3  # limits of which one run asks for slots at a time


def read_limit(run: FlowRun, deployment: Deployment, at: datetime) -> LimitFact | None:
    """None when there is no limit, or one that is switched off."""
    if deployment.global_concurrency_limit_id is None:
        return None
    limits = ConcurrencyLimit.objects.filter(pk=deployment.global_concurrency_limit_id, active=True)
    limit = limits.with_leased(at).first()
    if limit is None:
        return None
    options = deployment.concurrency_options or {}
    return limit_fact(limit, at, without=run, cancels_new=options.get("collision_strategy") == "CANCEL_NEW")


def read_asked(run: Run, at: datetime) -> tuple[AskedFact, ...]:
    """What it waits for in the middle of its work, longest first. One query where there is nothing."""
    waits = list(SlotWait.objects.asking(at).filter(holder_id=run.pk).order_by("since", "pk")[:MOST_ASKED])
    limits = ConcurrencyLimit.objects.filter(pk__in=[wait.limit_id for wait in waits], active=True)
    facts = {limit.pk: limit_fact(limit, at, without=run) for limit in limits.with_leased(at)} if waits else {}
    return tuple(
        AskedFact(facts[wait.limit_id], wait.slots, wait.since, wait.again_at)
        for wait in waits
        if wait.limit_id in facts
    )


def limit_fact(limit: Any, at: datetime, *, without: Run, cancels_new: bool = False) -> LimitFact:
    """Of a limit that was read `with_leased`."""
    return LimitFact(
        id=limit.pk,
        name=limit.name,
        limit=limit.limit,
        shared=not limit.name.startswith(DEPLOYMENT_PREFIX),
        occupied=limit.counted(at) + limit.leased - _of_the_run_itself(without, limit, at),
        cancels_new=cancels_new,
        holders=holders_of(limit, at, without=without),
    )


def holders_of(limit: ConcurrencyLimit, at: datetime, *, without: Run) -> tuple[Holder, ...]:
    """Some of those who have slots of it, the longest first, with the names of runs."""
    slots = ConcurrencySlot.objects.live(at).filter(limit=limit).select_related("lease").order_by("lease__taken_at")
    some = list(slots.exclude(lease__holder_id=without.pk)[:MOST_HOLDERS])
    of_kind = {kind: [slot.lease.holder_id for slot in some if slot.lease.holder_type == kind] for kind in _MODELS}
    names = {
        pk: (name, state)
        for kind, ids in of_kind.items()
        if ids
        for pk, name, state in _MODELS[kind].objects.filter(pk__in=ids).values_list("pk", "name", "state_name")
    }
    holders = []
    for slot in some:
        lease = slot.lease
        known = names.get(lease.holder_id)
        kind = (lease.holder_type or "lease").replace("_", "-")
        name = known[0] if known else f"{kind} {lease.holder_id or lease.pk}"
        holders.append(Holder(kind, name, lease.holder_id, known[1] if known else None, lease.taken_at))
    return tuple(holders)


def _of_the_run_itself(run: Run, limit: ConcurrencyLimit, at: datetime) -> int:
    held = ConcurrencySlot.objects.live(at).filter(limit=limit, counted=False)
    return held.filter(lease__holder_id=run.pk).count()


_MODELS: dict[str, Any] = {"flow_run": FlowRun, "task_run": TaskRun}
