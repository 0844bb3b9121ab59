"""Workers: who is there."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api.answers import worker_answers
from deployments.api.bodies import Heartbeat
from deployments.api.filters import WORKERS
from deployments.services.work_pools import get_work_pool
from deployments.services.workers import delete_worker, record_heartbeat
from orchestrator.rest.paging import sliced
from orchestrator.rest.search import narrow_sorted, search_body
from orchestrator.rest.views import ApiView, no_content, takes


class Heartbeats(ApiView):
    @takes(Heartbeat)
    def post(self, request: Request, pool_name: str, body: Heartbeat) -> Response:
        record_heartbeat(
            pool_name=pool_name,
            worker_name=body.name,
            heartbeat_interval_seconds=body.heartbeat_interval_seconds,
            metadata=body.metadata,
        )
        return no_content()


class WorkerSearch(ApiView):
    @takes(lambda view: search_body(WORKERS))
    def post(self, request: Request, pool_name: str, body: Any) -> list[dict[str, Any]]:
        """The workers of one pool, last heard first."""
        rows = narrow_sorted(WORKERS, body).filter(work_pool=get_work_pool(pool_name))
        return worker_answers(sliced(rows, limit=body.limit, offset=body.offset))


class WorkerByName(ApiView):
    def delete(self, request: Request, pool_name: str, name: str) -> Response:
        delete_worker(pool_name=pool_name, worker_name=name)
        return no_content()
