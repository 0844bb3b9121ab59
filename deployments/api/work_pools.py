"""Work pools, and the runs that wait in them."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api.answers import work_pool_answer
from deployments.api.bodies import ScheduledRunsAsked, WorkPoolCreate, WorkPoolUpdate
from deployments.services.hand_out import hand_out_to_worker
from deployments.services.work_pools import create_work_pool, delete_work_pool, get_work_pool, update_work_pool
from orchestrator.rest.paging import checked_limit
from orchestrator.rest.views import ApiView, no_content, takes
from runs.api.answers import flow_run_answer


class WorkPools(ApiView):
    @takes(WorkPoolCreate)
    def post(self, request: Request, body: WorkPoolCreate) -> Response:
        """Create a pool with its default queue."""
        configuration = body.storage_configuration.model_dump(mode="json", exclude_unset=True)
        pool = create_work_pool(**{**body.given(), "type": body.type, "storage_configuration": configuration})
        return Response(work_pool_answer(pool), 201)


class WorkPoolByName(ApiView):
    def get(self, request: Request, name: str) -> dict[str, Any]:
        return work_pool_answer(get_work_pool(name))

    @takes(WorkPoolUpdate)
    def patch(self, request: Request, name: str, body: WorkPoolUpdate) -> Response:
        update_work_pool(name=name, changes=body.changes())
        return no_content()

    def delete(self, request: Request, name: str) -> Response:
        delete_work_pool(name=name)
        return no_content()


class RunsForWorker(ApiView):
    @takes(ScheduledRunsAsked)
    def post(self, request: Request, name: str, body: ScheduledRunsAsked) -> list[dict[str, Any]]:
        """The waiting runs of a pool, by queue priority and time. Nothing is claimed."""
        runs = hand_out_to_worker(
            pool_name=name,
            queue_names=body.work_queue_names or (),
            scheduled_before=body.scheduled_before,
            scheduled_after=body.scheduled_after,
            limit=checked_limit(body.limit),
        )
        return [
            {
                "work_pool_id": run.work_queue.work_pool_id,  # type: ignore[union-attr]
                "work_queue_id": run.work_queue_id,
                "flow_run": flow_run_answer(run),
            }
            for run in runs
        ]
