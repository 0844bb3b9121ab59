"""Work pools, and the runs that wait in them."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from deployments.api import pool_shapes as shapes
from deployments.api.answers import slot_details, work_pool_answer, work_pool_answers
from deployments.api.filters import WORK_POOLS
from deployments.api.pool_bodies import (
    PoolCount,
    PoolSlotsAsked,
    ScheduledRunsAsked,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from deployments.services.hand_out import hand_out_to_worker
from deployments.services.slot_holders import held_in_pool
from deployments.services.work_pools import create_work_pool, delete_work_pool, get_work_pool, update_work_pool
from orchestrator.contract.times import now
from orchestrator.rest.clients import client_version
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import checked_limit, sliced
from orchestrator.rest.search import narrow, narrow_sorted, search_body
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs.api.answers import flow_run_answer
from runs.models import FlowRun

# Clients up to this version fail at keys of the storage configuration that they do not know.
KNOWS_NO_RESULT_STORAGE = (3, 3, 7)


class WorkPools(ApiView):
    @takes(WorkPoolCreate)
    @answers(shapes.WorkPoolResponse, 201)
    def post(self, request: Request, body: WorkPoolCreate) -> JsonAnswer:
        """Create a pool with its default queue."""
        pool = create_work_pool(**body.columns())
        return JsonAnswer(_for_client(work_pool_answer(pool), request), 201)


class WorkPoolSearch(ApiView):
    @takes(lambda view: search_body(WORK_POOLS))
    @answers(list[shapes.WorkPoolResponse])
    def post(self, request: Request, body: Any) -> list[dict[str, Any]]:
        rows = sliced(narrow_sorted(WORK_POOLS, body), limit=body.limit, offset=body.offset)
        return [_for_client(answer, request) for answer in work_pool_answers(rows)]


class WorkPoolCount(ApiView):
    @takes(PoolCount)
    @answers(int)
    def post(self, request: Request, body: PoolCount) -> int:
        return narrow(WORK_POOLS, body).count()


class WorkPoolByName(ApiView):
    @answers(shapes.WorkPoolResponse)
    def get(self, request: Request, name: str) -> dict[str, Any]:
        return _for_client(work_pool_answer(get_work_pool(name)), request)

    @takes(WorkPoolUpdate)
    @answers(None, 204)
    def patch(self, request: Request, name: str, body: WorkPoolUpdate) -> JsonAnswer:
        update_work_pool(name=name, changes=body.changes())
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, name: str) -> JsonAnswer:
        delete_work_pool(name=name)
        return no_content()


class WorkPoolSlots(ApiView):
    @takes(PoolSlotsAsked)
    @answers(shapes.WorkPoolConcurrencyStatus)
    def post(self, request: Request, name: str, body: PoolSlotsAsked) -> dict[str, Any]:
        """Which runs take up the pool's places, by queue."""
        size = checked_limit(body.limit)
        found = held_in_pool(
            pool_name=name, offset=(body.page - 1) * size, limit=size, runs_per_queue=body.flow_run_limit
        )
        at = now()
        return {
            "active_slots": found.held,
            "concurrency_limit": found.pool.concurrency_limit,
            "queues": [slot_details(held, at) for held in found.queues],
            "count": found.queue_count,
            "limit": size,
            "pages": -(-found.queue_count // size) if size else 0,
            "page": body.page,
        }


class RunsForWorker(ApiView):
    @takes(ScheduledRunsAsked)
    @answers(list[shapes.WorkerFlowRunResponse])
    def post(self, request: Request, name: str, body: ScheduledRunsAsked) -> list[dict[str, Any]]:
        """The waiting runs of a pool, by queue priority and time. Nothing is claimed."""
        runs = hand_out_to_worker(
            pool_name=name,
            queue_names=body.work_queue_names,
            scheduled_before=body.scheduled_before,
            scheduled_after=body.scheduled_after,
            limit=checked_limit(body.limit),
        )
        return [_waiting(run) for run in runs]


def _waiting(run: FlowRun) -> dict[str, Any]:
    answer = flow_run_answer(run)
    pool_id = answer.pop("work_pool_id")
    del answer["work_pool_name"]
    return {"work_pool_id": pool_id, "work_queue_id": run.work_queue_id, "flow_run": answer}


def _for_client(answer: dict[str, Any], request: Request) -> dict[str, Any]:
    version = client_version(request)
    if version is not None and version <= KNOWS_NO_RESULT_STORAGE:
        del answer["storage_configuration"]["default_result_storage_block_id"]
    return answer
