"""Slots that the rules want for a run: had before a state is written, and free again when the run leaves its work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from orchestrator.contract.states import State, StateType
from runs.models import ConcurrencyLease, ConcurrencyLimit, FlowRun, TaskRun
from runs.orchestration.decide import Decision, without_slots
from runs.orchestration.rules.deployment_concurrency import LEASE_ID, UNDER_WAY, lease_of
from runs.orchestration.rules.tag_concurrency import TASK_HOLDS
from runs.orchestration.transition import DeploymentLimit
from runs.orchestration.verdicts import Shortage, SlotNeed
from runs.services.concurrency_leases import end_leases
from runs.services.concurrency_slots import HolderType, full_ones, locked_limits, store_lease


def facts_of_limits(run: FlowRun | TaskRun) -> dict[str, Any]:
    """What the rules look at, of columns that were read with the run."""
    if isinstance(run, TaskRun):
        # Annotated by whoever read the run, so that no run pays for limits that nobody has.
        return {"limited_tags": tuple(run.tags)} if run.tags and getattr(run, "tag_limits_exist", False) else {}
    if run.deployment_id is None:
        return {}
    deployment: Any = run.deployment  # a row of another app, which is reached through the relation
    if deployment is None:
        return {"deployment_is_gone": True}
    if deployment.global_concurrency_limit_id is None:
        return {}
    options: Mapping[str, Any] = deployment.concurrency_options or {}
    limit = DeploymentLimit(
        limit_id=deployment.global_concurrency_limit_id,
        cancels_new=options.get("collision_strategy") == "CANCEL_NEW",
        grace_seconds=options.get("grace_period_seconds"),
    )
    return {"deployment_limit": limit}


def secure_slots(run: FlowRun | TaskRun, decision: Decision, at: datetime) -> Decision:
    """The decision, its state naming the lease that was taken or kept; or what the rule wants done without a slot.

    The locks on the limits are held until the transaction ends, so this is the last thing before the write.
    """
    need = decision.needs
    if need is None or decision.write is None or _keeps_what_it_has(run, need, at):
        return decision
    limits = [limit for limit in _limits(need) if limit.active]
    closed = next((limit for limit in limits if limit.limit <= 0), None)
    full = full_ones(limits, 1, at)
    if full:
        return without_slots(decision, need.without(_shortage(limits, closed, full)))
    if need.only_look or not limits:
        return decision
    if isinstance(run, TaskRun):
        store_lease(
            limits=limits,
            slots=1,
            seconds=need.lease_seconds,
            at=at,
            holder_type=HolderType.TASK_RUN,
            holder_id=run.pk,
            task_run_id=run.pk,
        )
        return decision
    lease = store_lease(
        limits=limits,
        slots=1,
        seconds=need.lease_seconds,
        at=at,
        holder_type=HolderType.FLOW_RUN,
        holder_id=run.pk,
        flow_run_id=run.pk,
    )
    return replace(decision, write=decision.write.with_details(**{LEASE_ID: str(lease.pk)}))


def free_slots(run: FlowRun | TaskRun, *, initial: State | None, written: State, policy: Mapping[str, Any]) -> None:
    """What a run held, unless it goes on with it. `policy` holds the changes to its empirical policy."""
    if isinstance(run, TaskRun):
        if written.type not in TASK_HOLDS and run.tags and getattr(run, "tag_limits_exist", False):
            held = ConcurrencyLease.objects.of_task_run(run.pk).filter(slots__limit__tag__in=run.tags)
            end_leases(set(held.values_list("pk", flat=True)))
        return
    lease_id = lease_of(initial)
    if lease_id is None or written.type in UNDER_WAY or (initial is not None and initial.is_terminal):
        return
    if written.type is StateType.SCHEDULED and policy.get("retry_type") == "in_process":
        return  # the process that failed tries again itself, and goes on renewing
    end_leases([lease_id])


def _keeps_what_it_has(run: FlowRun | TaskRun, need: SlotNeed, at: datetime) -> bool:
    live = ConcurrencyLease.objects.live(at)
    if isinstance(run, TaskRun):
        return not need.only_look and live.filter(task_run=run.pk).exists()
    if need.lease_id is None:
        return False
    expires_at = None if need.lease_seconds is None else at + timedelta(seconds=need.lease_seconds)
    return bool(live.filter(pk=need.lease_id).update(expires_at=expires_at))


def _limits(need: SlotNeed) -> list[ConcurrencyLimit]:
    return locked_limits(tag__in=need.tags) if need.tags else locked_limits(pk__in=need.limit_ids)


def _shortage(limits: list[ConcurrencyLimit], closed: ConcurrencyLimit | None, full: Mapping[Any, int]) -> Shortage:
    waited_for = [limit for limit in limits if limit.limit > 0]
    fullest = max(waited_for, key=lambda limit: full.get(limit.pk, 0) / limit.limit, default=None)
    return Shortage(
        names=tuple(limit.tag or limit.name for limit in waited_for),
        closed=(closed.tag or closed.name) if closed else None,
        occupancy_seconds=fullest.avg_slot_occupancy_seconds if fullest else 0.0,
    )
