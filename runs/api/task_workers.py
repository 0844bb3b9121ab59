"""Task workers: programs that execute background tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict
from rest_framework.request import Request

from orchestrator.rest.bodies import Body, Envelope
from orchestrator.rest.views import ApiView, Shape, answers, takes
from runs.services.background import connected_workers


class TaskWorkerFilter(Body):
    """Keys besides this one are passed over."""

    model_config = ConfigDict(extra="ignore")

    task_keys: list[str]


class ReadTaskWorkers(Envelope):
    task_worker_filter: TaskWorkerFilter | None = None


class TaskWorkerResponse(Shape):
    identifier: str
    task_keys: list[str]
    timestamp: datetime


class TaskWorkers(ApiView):
    @takes(ReadTaskWorkers)
    @answers(list[TaskWorkerResponse])
    def post(self, request: Request, body: ReadTaskWorkers) -> list[dict[str, Any]]:
        """Those that are connected now."""
        wanted = body.task_worker_filter.task_keys if body.task_worker_filter else []
        return [
            {"identifier": row.client_id, "task_keys": row.task_keys, "timestamp": row.seen_at}
            for row in connected_workers(task_keys=wanted)
        ]
