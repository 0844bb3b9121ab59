"""Workers: who is there."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from deployments.api.answers import worker_answers
from deployments.api.pool_bodies import Heartbeat, WorkerSearch
from deployments.api.pool_shapes import WorkerResponse
from deployments.models import Worker
from deployments.services.work_pools import get_work_pool
from deployments.services.workers import delete_worker, record_heartbeat
from orchestrator.rest.filters import condition
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import sliced
from orchestrator.rest.views import ApiView, answers, no_content, takes


class Heartbeats(ApiView):
    @takes(Heartbeat)
    @answers(None, 204)
    def post(self, request: Request, pool_name: str, body: Heartbeat) -> JsonAnswer:
        record_heartbeat(
            pool_name=pool_name,
            worker_name=body.name,
            heartbeat_interval_seconds=body.heartbeat_interval_seconds,
            **body.news(),
        )
        return no_content()


class Workers(ApiView):
    @takes(WorkerSearch)
    @answers(list[WorkerResponse])
    def post(self, request: Request, pool_name: str, body: WorkerSearch) -> list[dict[str, Any]]:
        """The workers of one pool, last heard first."""
        rows = Worker.objects.filter(condition(body.workers), work_pool=get_work_pool(pool_name))
        rows = rows.order_by("-last_heartbeat_time", "name")
        return worker_answers(sliced(rows, limit=body.limit, offset=body.offset))


class WorkerByName(ApiView):
    @answers(None, 204)
    def delete(self, request: Request, pool_name: str, name: str) -> JsonAnswer:
        delete_worker(pool_name=pool_name, worker_name=name)
        return no_content()
