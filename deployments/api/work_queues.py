"""Work queues, by pool and name, and by id whatever their pool."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api.answers import work_queue_answer, work_queue_answers
from deployments.api.bodies import WorkQueueCreate, WorkQueueUpdate
from deployments.api.filters import WORK_QUEUES
from deployments.errors import WorkQueueNotFound
from deployments.models import WorkQueue
from deployments.services.work_pools import get_work_pool, get_work_queue
from deployments.services.work_queues import create_work_queue, delete_work_queue, update_work_queue
from orchestrator.rest.paging import sliced
from orchestrator.rest.search import narrow_sorted, search_body
from orchestrator.rest.views import ApiView, no_content, takes


class PoolQueues(ApiView):
    @takes(WorkQueueCreate)
    def post(self, request: Request, pool_name: str, body: WorkQueueCreate) -> Response:
        columns = body.given()
        columns.pop("filter", None)
        queue = create_work_queue(pool_name=pool_name, **columns)
        return Response(work_queue_answer(queue), 201)


class PoolQueueSearch(ApiView):
    @takes(lambda view: search_body(WORK_QUEUES))
    def post(self, request: Request, pool_name: str, body: Any) -> list[dict[str, Any]]:
        """The queues of one pool, by priority."""
        rows = narrow_sorted(WORK_QUEUES, body).filter(work_pool=get_work_pool(pool_name))
        return work_queue_answers(sliced(rows, limit=body.limit, offset=body.offset))


class PoolQueueByName(ApiView):
    def get(self, request: Request, pool_name: str, name: str) -> dict[str, Any]:
        return work_queue_answer(get_work_queue(get_work_pool(pool_name), name))

    @takes(WorkQueueUpdate)
    def patch(self, request: Request, pool_name: str, name: str, body: WorkQueueUpdate) -> Response:
        queue = get_work_queue(get_work_pool(pool_name), name)
        update_work_queue(queue_id=queue.pk, changes=body.changes())
        return no_content()

    def delete(self, request: Request, pool_name: str, name: str) -> Response:
        delete_work_queue(queue_id=get_work_queue(get_work_pool(pool_name), name).pk)
        return no_content()


class QueueById(ApiView):
    def get(self, request: Request, queue_id: UUID) -> dict[str, Any]:
        return work_queue_answer(_found(queue_id))

    @takes(WorkQueueUpdate)
    def patch(self, request: Request, queue_id: UUID, body: WorkQueueUpdate) -> Response:
        update_work_queue(queue_id=queue_id, changes=body.changes())
        return no_content()

    def delete(self, request: Request, queue_id: UUID) -> Response:
        delete_work_queue(queue_id=queue_id)
        return no_content()


def _found(queue_id: UUID) -> WorkQueue:
    queue = WorkQueue.objects.select_related("work_pool").filter(pk=queue_id).first()
    if queue is None:
        raise WorkQueueNotFound(str(queue_id))
    return queue
