"""How deployments, pools, queues and workers look in an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from deployments.models import Deployment, DeploymentSchedule, Worker, WorkPool, WorkQueue
from deployments.services.hand_out import active_slots, active_slots_of_queues
from deployments.services.slot_holders import HeldInQueue
from orchestrator.contract.times import now
from runs.api.concurrency_answers import global_limit_answers
from runs.models import FlowRun


def with_parts(rows: QuerySet) -> QuerySet:
    """Deployments together with what every answer tells: schedules, queue and pool. One query more."""
    schedules = Prefetch("schedules", DeploymentSchedule.objects.newest_first())
    return rows.select_related("work_queue__work_pool").prefetch_related(schedules)


def deployment_answers(rows: QuerySet) -> list[dict[str, Any]]:
    deployments = list(with_parts(rows))
    limits = global_limit_answers(deployment.global_concurrency_limit_id for deployment in deployments)
    return [
        {
            **deployment_columns(deployment),
            "schedules": [schedule_answer(schedule) for schedule in deployment.schedules.all()],
            "concurrency_limit": None,  # told by the limit itself
            "global_concurrency_limit": limits.get(deployment.global_concurrency_limit_id),
        }
        for deployment in deployments
    ]


def deployment_columns(deployment: Deployment) -> dict[str, Any]:
    """What needs no other table than queue and pool."""
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
        "concurrency_options": deployment.concurrency_options,
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
        "catch_up": {
            "policy": deployment.catch_up_policy,
            "max_age_seconds": deployment.catch_up_max_age_seconds,
        },
    }


def schedule_answer(schedule: DeploymentSchedule) -> dict[str, Any]:
    return {
        "id": schedule.pk,
        "created": schedule.created,
        "updated": schedule.updated,
        "deployment_id": schedule.deployment_id,
        "schedule": schedule.schedule,
        "active": schedule.active,
        "max_scheduled_runs": schedule.max_scheduled_runs,
        "parameters": schedule.parameters,
        "slug": schedule.slug,
        "problem": schedule.problem or None,
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
    queues = list(rows.select_related("work_pool"))
    slots = active_slots_of_queues(queues)
    return [_work_queue_answer(queue, slots.get(queue.pk)) for queue in queues]


def work_queue_answer(queue: WorkQueue) -> dict[str, Any]:
    return _work_queue_answer(queue, active_slots_of_queues([queue]).get(queue.pk))


def _work_queue_answer(queue: WorkQueue, slots: int | None) -> dict[str, Any]:
    return {
        **plain_queue_answer(queue),
        "work_pool_name": queue.work_pool.name,
        "status": queue.status,
        "active_slots": slots,
    }


def plain_queue_answer(queue: WorkQueue) -> dict[str, Any]:
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
        "filter": queue.filter,
        "last_polled": queue.last_polled,
    }


def slot_details(held: HeldInQueue, at: datetime) -> dict[str, Any]:
    return {
        "queue_id": held.queue.pk,
        "queue_name": held.queue.name,
        "active_slots": held.held,
        "concurrency_limit": held.queue.concurrency_limit,
        "flow_runs": slot_summaries(held.runs, at),
        "flow_run_count": held.held,
    }


def slot_summaries(runs: Sequence[FlowRun] | QuerySet[FlowRun], at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": run.pk,
            "name": run.name,
            "state_type": run.state_type,
            "state_name": run.state_name,
            "start_time": run.start_time,
            "state_timestamp": run.state_timestamp,
            "time_in_current_state": (at - run.state_timestamp).total_seconds() if run.state_timestamp else None,
        }
        for run in runs
    ]


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
        "work_queue_names": worker.work_queue_names,
        "concurrency": worker.concurrency,
        "broker_state": worker.broker_state,
        "broker_state_since": worker.broker_state_since,
        "last_probe_at": worker.last_probe_at,
    }
