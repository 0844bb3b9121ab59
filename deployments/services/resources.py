"""How deployments, pools and queues look as resources of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.models import Deployment, WorkPool, WorkQueue
from orchestrator.contract.events import resource
from orchestrator.events.emit import emit, emit_all, event_of
from orchestrator.events.models import Event


def emit_of_deployment(deployment: Deployment, what: str, payload: dict[str, Any] | None = None) -> None:
    """`what` ends the event's name, such as `created`. Reads what is not loaded: flow, queue and pool."""
    emit_all([event_of_deployment(deployment, what, payload)])


def event_of_deployment(deployment: Deployment, what: str, payload: dict[str, Any] | None = None) -> Event:
    """The same event, for whoever emits many at once."""
    return event_of(
        event=f"prefect.deployment.{what}",
        resource=resource("deployment", deployment.pk, name=deployment.name),
        related=_around_deployment(deployment),
        payload=payload,
    )


def emit_of_queue(queue: WorkQueue, what: str, payload: dict[str, Any] | None = None) -> None:
    emit(
        event=f"prefect.work-queue.{what}",
        resource=resource("work-queue", queue.pk, name=queue.name, role="work-queue"),
        related=[pool_resource(queue.work_pool)],
        payload=payload,
    )


def pool_resource(pool: WorkPool) -> dict[str, str]:
    labels = {"prefect.work-pool.type": pool.type}
    return resource("work-pool", pool.pk, name=pool.name, role="work-pool", **labels)


def around_pool(pool: WorkPool) -> list[dict[str, str]]:
    """The default queue, and the block in which results are kept."""
    related = []
    if pool.default_queue_id:
        related.append(resource("work-queue", pool.default_queue_id, role="default-queue"))
    storage = pool.storage_configuration.get("default_result_storage_block_id")
    if storage:
        related.append(resource("block-document", storage, role="result-storage"))
    return related


def payload_of_update(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any] | None:
    """Which of the columns changed, from what to what; None when nothing did."""
    updates = {
        column: {"from": before[column], "to": value} for column, value in after.items() if before[column] != value
    }
    return {"updated_fields": list(updates), "updates": updates} if updates else None


def status_word(status: str) -> str:
    """`not-ready` for NOT_READY, as events are called."""
    return status.lower().replace("_", "-")


def _around_deployment(deployment: Deployment) -> list[dict[str, str]]:
    related = [resource("flow", deployment.flow_id, name=deployment.flow.name, role="flow")]
    queue = deployment.work_queue
    if queue is not None:
        related.append(resource("work-queue", queue.pk, name=queue.name, role="work-queue"))
        related.append(pool_resource(queue.work_pool))
    if deployment.storage_document_id:
        related.append(resource("block-document", deployment.storage_document_id, role="storage"))
    if deployment.infrastructure_document_id:
        related.append(resource("block-document", deployment.infrastructure_document_id, role="infrastructure"))
    if deployment.global_concurrency_limit_id:
        related.append(resource("concurrency-limit", deployment.global_concurrency_limit_id, role="concurrency-limit"))
    return related
