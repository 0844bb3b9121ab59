"""What follows from events, for deployments and pools.

All of it wakes workers at once, instead of at the next look of the dispatcher or the sweeper.
"""

from __future__ import annotations

from uuid import UUID

from deployments.models.work_pools import CELERY
from deployments.models.work_queues import WorkQueue
from deployments.services.dispatch import dispatch_pool, dispatch_run
from deployments.services.hand_out import OCCUPYING
from deployments.services.places import limited_pools
from orchestrator.contract.states import StateType
from orchestrator.events.models import Event
from orchestrator.events.registry import subscribe_to_hints, subscribe_to_hints_of_all

# After which more of what waits in a pool may begin: it was resumed, or its limits changed.
POOL_OPENED = ("prefect.work-pool.ready", "prefect.work-pool.updated")
QUEUE_OPENED = ("prefect.work-queue.ready", "prefect.work-queue.not-ready", "prefect.work-queue.updated")


def register() -> None:
    """Called once at start-up."""
    subscribe_to_hints_of_all("prefect.flow-run.", wake_a_worker)
    for name in POOL_OPENED:
        subscribe_to_hints(name, wake_workers_of_pool)
    for name in QUEUE_OPENED:
        subscribe_to_hints(name, wake_workers_of_queue)


def wake_a_worker(event: Event) -> None:
    """For a run that waits from now on; and for the next one, where a run that ended left a place in a limit."""
    pool_id = _celery_pool(event)
    if pool_id is None:
        return
    before, after = _state_type(event, "initial_state"), _state_type(event, "validated_state")
    # A run that is only marked as late was called out before.
    if after == StateType.SCHEDULED and event.event != "prefect.flow-run.Late":
        dispatch_run(flow_run_id=_id(event.resource_id))
    if before in OCCUPYING and after not in OCCUPYING and pool_id in limited_pools:
        dispatch_pool(pool_id=pool_id)


def wake_workers_of_pool(event: Event) -> None:
    limited_pools.forget()
    if _opens(event) and event.resource.get("prefect.work-pool.type") == CELERY:
        dispatch_pool(pool_id=_id(event.resource_id))


def wake_workers_of_queue(event: Event) -> None:
    limited_pools.forget()
    if not _opens(event):
        return
    queue = WorkQueue.objects.filter(pk=_id(event.resource_id), work_pool__type=CELERY).first()
    if queue is not None and not queue.is_paused:
        dispatch_pool(pool_id=queue.work_pool_id)


def _opens(event: Event) -> bool:
    """Not when a description changed. Messages that were sent before another priority keep the old one."""
    changed = event.payload.get("updated_fields")
    return changed is None or bool({"concurrency_limit", "priority"} & set(changed))


def _celery_pool(event: Event) -> UUID | None:
    for labels in event.related:
        if labels.get("prefect.resource.role") == "work-pool" and labels.get("prefect.work-pool.type") == CELERY:
            return _id(labels["prefect.resource.id"])
    return None


def _state_type(event: Event, which: str) -> str | None:
    return (event.payload.get(which) or {}).get("type")


def _id(resource_id: str) -> UUID:
    return UUID(resource_id.rpartition(".")[2])
