"""Work queues: of a pool by their name, and of every pool by their identifier."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from deployments.api import pool_shapes as shapes
from deployments.api.answers import slot_summaries, work_queue_answer, work_queue_answers
from deployments.api.pool_bodies import QueueRunsAsked, QueueSearch, SlotsAsked, WorkQueueCreate, WorkQueueUpdate
from deployments.errors import WorkQueueNotFound
from deployments.models import WorkQueue
from deployments.models.work_queues import POLLED_WITHIN
from deployments.services.hand_out import hand_out_from_queue
from deployments.services.queue_health import MOST_LATE_RUNS, health_of_queue
from deployments.services.slot_holders import held_in_queue
from deployments.services.work_pools import get_work_pool
from deployments.services.work_queues import (
    AGENT_POOL,
    create_agent_queue,
    create_work_queue,
    delete_work_queue,
    get_work_queue,
    update_work_queue,
)
from orchestrator.contract.times import now
from orchestrator.rest.asking import heeds
from orchestrator.rest.filters import condition
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import checked_limit, paged, sliced
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs.api.answers import flow_run_answers
from runs.api.shapes import FlowRunResponse


class PoolQueues(ApiView):
    @takes(WorkQueueCreate)
    @answers(shapes.WorkQueueResponse, 201)
    def post(self, request: Request, pool_name: str, body: WorkQueueCreate) -> JsonAnswer:
        queue = create_work_queue(pool_name=pool_name, **body.columns())
        return JsonAnswer(work_queue_answer(queue), 201)


class PoolQueueSearch(ApiView):
    @takes(QueueSearch)
    @answers(list[shapes.WorkQueueResponse])
    def post(self, request: Request, pool_name: str, body: QueueSearch) -> list[dict[str, Any]]:
        """The queues of one pool, by priority."""
        rows = WorkQueue.objects.filter(condition(body.work_queues), work_pool=get_work_pool(pool_name))
        return work_queue_answers(sliced(rows.order_by("priority"), limit=body.limit, offset=body.offset))


class PoolQueueByName(ApiView):
    @answers(shapes.WorkQueueResponse)
    def get(self, request: Request, pool_name: str, name: str) -> dict[str, Any]:
        return work_queue_answer(get_work_queue(get_work_pool(pool_name), name))

    @takes(WorkQueueUpdate)
    @answers(None, 204)
    def patch(self, request: Request, pool_name: str, name: str, body: WorkQueueUpdate) -> JsonAnswer:
        queue = get_work_queue(get_work_pool(pool_name), name)
        update_work_queue(queue_id=queue.pk, changes=body.columns())
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, pool_name: str, name: str) -> JsonAnswer:
        delete_work_queue(queue_id=get_work_queue(get_work_pool(pool_name), name).pk)
        return no_content()


class Queues(ApiView):
    @takes(WorkQueueCreate)
    @answers(shapes.WorkQueueResponse, 201)
    def post(self, request: Request, body: WorkQueueCreate) -> JsonAnswer:
        """A queue without a pool is one of the pool for agents."""
        return JsonAnswer(work_queue_answer(create_agent_queue(**body.columns())), 201)


class QueueSearchEverywhere(ApiView):
    @takes(QueueSearch)
    @answers(list[shapes.WorkQueueResponse])
    def post(self, request: Request, body: QueueSearch) -> list[dict[str, Any]]:
        """The queues of all pools, by name."""
        rows = WorkQueue.objects.filter(condition(body.work_queues)).order_by("name", "pk")
        return work_queue_answers(sliced(rows, limit=body.limit, offset=body.offset))


class QueueByName(ApiView):
    @answers(shapes.WorkQueueResponse)
    def get(self, request: Request, name: str) -> dict[str, Any]:
        """Of the pool for agents."""
        return _found(WorkQueue.objects.filter(work_pool__name=AGENT_POOL, name=name))


class QueueById(ApiView):
    @answers(shapes.WorkQueueResponse)
    def get(self, request: Request, queue_id: UUID) -> dict[str, Any]:
        return _found(WorkQueue.objects.filter(pk=queue_id))

    @takes(WorkQueueUpdate)
    @answers(None, 204)
    def patch(self, request: Request, queue_id: UUID, body: WorkQueueUpdate) -> JsonAnswer:
        update_work_queue(queue_id=queue_id, changes=body.columns())
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, queue_id: UUID) -> JsonAnswer:
        delete_work_queue(queue_id=queue_id)
        return no_content()


class QueueRuns(ApiView):
    @heeds(x_prefect_ui=(bool | None, False))
    @takes(QueueRunsAsked)
    @answers(list[FlowRunResponse])
    def post(
        self, request: Request, queue_id: UUID, body: QueueRunsAsked, x_prefect_ui: bool | None
    ) -> list[dict[str, Any]]:
        """The runs that wait in the queue. Somebody who only looks says so with a header, and is no worker."""
        runs = hand_out_from_queue(
            queue_id=queue_id,
            scheduled_before=body.scheduled_before,
            limit=checked_limit(body.limit),
            polled=not x_prefect_ui,
        )
        return flow_run_answers(runs)


class QueueSlots(ApiView):
    @takes(SlotsAsked)
    @answers(shapes.WorkQueueConcurrencyStatus)
    def post(self, request: Request, queue_id: UUID, body: SlotsAsked) -> dict[str, Any]:
        """Which runs take up the queue's places."""
        queue, runs = held_in_queue(queue_id=queue_id)
        at, held = now(), runs.count()
        page = paged(runs, limit=body.limit, page=body.page, count=held, answer=lambda rows: slot_summaries(rows, at))
        summaries = page.pop("results")
        return {
            **page,
            "flow_runs": summaries,
            "active_slots": held,
            "concurrency_limit": queue.concurrency_limit,
        }


class QueueStatus(ApiView):
    @answers(shapes.WorkQueueStatusDetail)
    def get(self, request: Request, queue_id: UUID) -> dict[str, Any]:
        health = health_of_queue(queue_id=queue_id)
        return {
            "healthy": health.healthy,
            "late_runs_count": health.late_runs,
            "last_polled": health.queue.last_polled,
            "health_check_policy": {
                "maximum_late_runs": MOST_LATE_RUNS,
                "maximum_seconds_since_last_polled": int(POLLED_WITHIN.total_seconds()),
            },
        }


def _found(rows: Any) -> dict[str, Any]:
    queue = rows.select_related("work_pool").first()
    if queue is None:
        raise WorkQueueNotFound
    return work_queue_answer(queue)
