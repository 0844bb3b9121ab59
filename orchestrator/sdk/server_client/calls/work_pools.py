"""Work pools, their queues and their workers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from orchestrator.sdk.errors import ObjectAlreadyExists
from orchestrator.sdk.server_client.bodies import WorkPoolCreate, WorkPoolUpdate, WorkQueueUpdate
from orchestrator.sdk.server_client.calls.core import Calls, Given, Id, ident, part, said, wire
from orchestrator.sdk.server_client.records import FlowRun, Worker, WorkerFlowRun, WorkPool, WorkQueue
from orchestrator.sdk.server_client.thing_filters import WorkerFilter, WorkPoolFilter, WorkQueueFilter
from orchestrator.sdk.values.json_values import to_json


class WorkPoolCalls(Calls):
    """What can be asked about work pools."""

    def create_work_pool(self, work_pool: Given, overwrite: bool = False) -> WorkPool:
        """Make a pool: a WorkPoolCreate, or a dict of its fields. With `overwrite` one that is there is changed.

        Raises ObjectAlreadyExists.
        """
        body = {"type": "process", **WorkPoolCreate.of(work_pool, name="work_pool").model_dump()}
        try:
            return self._one(WorkPool, "POST", "/work_pools/", body)
        except ObjectAlreadyExists:
            if not overwrite:
                raise
        name = body["name"]
        self._done("PATCH", f"/work_pools/{part(name)}", {k: v for k, v in body.items() if k not in {"name", "type"}})
        return self.read_work_pool(name)

    def read_work_pool(self, work_pool_name: str) -> WorkPool:
        """The pool. Raises ObjectNotFound."""
        return self._one(WorkPool, "GET", f"/work_pools/{part(work_pool_name)}")

    def read_work_pools(
        self, limit: int | None = None, offset: int = 0, work_pool_filter: Given | None = None
    ) -> list[WorkPool]:
        """The pools that the filter means; without one, all."""
        body = said(limit=limit, offset=offset, work_pools=wire(WorkPoolFilter, work_pool_filter, "work_pool_filter"))
        return self._many(WorkPool, "POST", "/work_pools/filter", body)

    def update_work_pool(self, work_pool_name: str, work_pool: Given) -> None:
        """Change what is given: a WorkPoolUpdate, or a dict of its fields."""
        body = WorkPoolUpdate.of(work_pool, name="work_pool").model_dump()
        self._done("PATCH", f"/work_pools/{part(work_pool_name)}", body)

    def delete_work_pool(self, work_pool_name: str) -> None:
        """Delete the pool with its queues. Raises ObjectNotFound."""
        self._done("DELETE", f"/work_pools/{part(work_pool_name)}")

    def get_scheduled_flow_runs_for_work_pool(
        self,
        work_pool_name: str,
        work_queue_names: Iterable[str] | None = None,
        scheduled_before: datetime | None = None,
    ) -> list[WorkerFlowRun]:
        """The runs that wait for a worker of this pool."""
        body = said(
            work_queue_names=list(work_queue_names) if work_queue_names is not None else None,
            scheduled_before=to_json(scheduled_before),
        )
        return self._many(WorkerFlowRun, "POST", f"/work_pools/{part(work_pool_name)}/get_scheduled_flow_runs", body)

    def read_workers_for_work_pool(
        self,
        work_pool_name: str,
        worker_filter: Given | None = None,
        offset: int | None = None,
        limit: int | None = None,
    ) -> list[Worker]:
        """The workers that serve the pool, or did."""
        body = said(workers=wire(WorkerFilter, worker_filter, "worker_filter"), offset=offset, limit=limit)
        return self._many(Worker, "POST", f"/work_pools/{part(work_pool_name)}/workers/filter", body)

    def create_work_queue(
        self,
        name: str,
        description: str | None = None,
        is_paused: bool | None = None,
        concurrency_limit: int | None = None,
        priority: int | None = None,
        work_pool_name: str | None = None,
    ) -> WorkQueue:
        """Make a queue in a pool; without one, in the default pool. Priority 1 is the most urgent.

        Raises ObjectAlreadyExists.
        """
        body = said(
            name=name,
            description=description,
            is_paused=is_paused,
            concurrency_limit=concurrency_limit,
            priority=priority,
        )
        path = f"/work_pools/{part(work_pool_name)}/queues" if work_pool_name else "/work_queues/"
        return self._one(WorkQueue, "POST", path, body)

    def read_work_queue(self, id: Id) -> WorkQueue:
        """The queue. Raises ObjectNotFound."""
        return self._one(WorkQueue, "GET", f"/work_queues/{ident(id)}")

    def read_work_queue_by_name(self, name: str, work_pool_name: str | None = None) -> WorkQueue:
        """The queue of a pool; without one, of the default pool. Raises ObjectNotFound."""
        path = f"/work_pools/{part(work_pool_name)}/queues/" if work_pool_name else "/work_queues/name/"
        return self._one(WorkQueue, "GET", f"{path}{part(name)}")

    def read_work_queues(
        self,
        work_pool_name: str | None = None,
        work_queue_filter: Given | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[WorkQueue]:
        """The queues of a pool, or of all pools, that the filter means."""
        body = said(
            work_queues=wire(WorkQueueFilter, work_queue_filter, "work_queue_filter"), limit=limit, offset=offset
        )
        path = f"/work_pools/{part(work_pool_name)}/queues/filter" if work_pool_name else "/work_queues/filter"
        return self._many(WorkQueue, "POST", path, body)

    def match_work_queues(self, prefixes: Iterable[str], work_pool_name: str | None = None) -> list[WorkQueue]:
        """The queues whose names begin with one of these."""
        return self.read_work_queues(work_pool_name, {"name": {"startswith_": list(prefixes)}})

    def update_work_queue(self, id: Id, **changes: Any) -> None:
        """Change the queue: `name`, `description`, `is_paused`, `concurrency_limit`, `priority`."""
        self._done("PATCH", f"/work_queues/{ident(id)}", WorkQueueUpdate(**changes).model_dump())

    def delete_work_queue_by_id(self, id: Id) -> None:
        """Delete the queue. Raises ObjectNotFound."""
        self._done("DELETE", f"/work_queues/{ident(id)}")

    def get_runs_in_work_queue(
        self, id: Id, limit: int = 10, scheduled_before: datetime | None = None
    ) -> list[FlowRun]:
        """The runs that wait in the queue."""
        body = said(limit=limit, scheduled_before=to_json(scheduled_before))
        return self._many(FlowRun, "POST", f"/work_queues/{ident(id)}/get_runs", body)
