"""How deployments, pools, queues and workers look in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from deployments.models import Deployment, Worker, WorkPool, WorkQueue
from deployments.services.hand_out import active_slots
from orchestrator.contract.times import now


def with_queue(rows: QuerySet) -> QuerySet:
    """Deployments together with their queue and pool, which every answer names."""
    return rows.select_related("work_queue__work_pool")


def deployment_answers(rows: QuerySet) -> list[dict[str, Any]]:
    return [deployment_answer(deployment) for deployment in with_queue(rows)]


def deployment_answer(deployment: Deployment) -> dict[str, Any]:
    queue = deployment.work_queue
    return {
        "id": deployment.pk,
        "created": deployment.created,
        "updated": deployment.updated,
        "name": deployment.name,
        "version": deployment.version,
        "description": deployment.description,
        "flow_id": deployment.flow_id,
        "paused": deployment.paused,
        "schedules": [],
        "concurrency_limit": None,
        "global_concurrency_limit": None,
        "concurrency_options": None,
        "job_variables": deployment.job_variables,
        "parameters": deployment.parameters,
        "pull_steps": deployment.pull_steps,
        "tags": deployment.tags,
        "labels": deployment.labels,
        "work_queue_name": queue.name if queue else None,
        "work_queue_id": deployment.work_queue_id,
        "work_pool_name": queue.work_pool.name if queue else None,
        "last_polled": deployment.last_polled,
        "status": deployment.status,
        "parameter_openapi_schema": deployment.parameter_openapi_schema,
        "enforce_parameter_schema": deployment.enforce_parameter_schema,
        "entrypoint": deployment.entrypoint,
        "path": deployment.path,
        "storage_document_id": deployment.storage_document_id,
        "infrastructure_document_id": deployment.infrastructure_document_id,
        "created_by": deployment.created_by,
        "updated_by": deployment.updated_by,
    }


def work_pool_answers(rows: QuerySet) -> list[dict[str, Any]]:
    pools = list(rows)
    slots = active_slots(pools)
    return [_work_pool_answer(pool, slots.get(pool.pk)) for pool in pools]


def work_pool_answer(pool: WorkPool) -> dict[str, Any]:
    return _work_pool_answer(pool, active_slots([pool]).get(pool.pk))


def _work_pool_answer(pool: WorkPool, slots: int | None) -> dict[str, Any]:
    return {
        "id": pool.pk,
        "created": pool.created,
        "updated": pool.updated,
        "name": pool.name,
        "type": pool.type,
        "description": pool.description,
        "base_job_template": pool.base_job_template,
        "is_paused": pool.is_paused,
        "concurrency_limit": pool.concurrency_limit,
        "active_slots": slots,
        "status": pool.status,
        "storage_configuration": {
            "bundle_upload_step": None,
            "bundle_execution_step": None,
            "default_result_storage_block_id": None,
            **pool.storage_configuration,
        },
        "default_queue_id": pool.default_queue_id,
    }


def work_queue_answers(rows: QuerySet) -> list[dict[str, Any]]:
    return [work_queue_answer(queue) for queue in rows.select_related("work_pool")]


def work_queue_answer(queue: WorkQueue) -> dict[str, Any]:
    return {
        "id": queue.pk,
        "created": queue.created,
        "updated": queue.updated,
        "name": queue.name,
        "description": queue.description,
        "is_paused": queue.is_paused,
        "concurrency_limit": queue.concurrency_limit,
        "priority": queue.priority,
        "work_pool_id": queue.work_pool_id,
        "work_pool_name": queue.work_pool.name,
        "filter": None,
        "last_polled": queue.last_polled,
        "status": queue.status,
    }


def worker_answers(rows: QuerySet) -> list[dict[str, Any]]:
    at = now()
    return [worker_answer(worker, at) for worker in rows]


def worker_answer(worker: Worker, at: datetime) -> dict[str, Any]:
    return {
        "id": worker.pk,
        "created": worker.created,
        "updated": worker.updated,
        "name": worker.name,
        "work_pool_id": worker.work_pool_id,
        "last_heartbeat_time": worker.last_heartbeat_time,
        "heartbeat_interval_seconds": worker.heartbeat_interval_seconds,
        "status": Worker.Status.ONLINE if worker.is_online(at) else Worker.Status.OFFLINE,
        "metadata": worker.metadata,
    }
