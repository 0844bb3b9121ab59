"""`/work-pools/work-pool/<name>`: one pool, its queues, its workers, and the runs that are under way or wait.

The identifier that clients print in their links leads here too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Worker, WorkPool, WorkQueue
from deployments.pages import pool_runs
from deployments.pages.pool_rows import look_of_queue, meter_of, row_of
from deployments.pages.worker_commands import start_command, surroundings
from deployments.pages.worker_rows import rows_of_workers
from deployments.services.loads import NOTHING, Load, loads_of_queues
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.store.services.own_workers import template_of_pool

MOST_QUEUES = 100
FRAGMENTS = {
    "pool": "pools/pool_state.html",
    "queues": "pools/pool_queues.html",
    "workers": "pools/pool_workers.html",
    "runs": "pools/pool_runs.html",
}


@require_safe
@page
def work_pool(request: HttpRequest, name: str) -> HttpResponseBase:
    pool = find_pool(name)
    if pool is None:
        return no_such(request, "work pool", name)
    if pool.name != name:
        return redirect(address_of("work-pool", pool.name))
    part, at = request.GET.get("fragment"), timezone.now()
    queues = list(WorkQueue.objects.filter(work_pool=pool).order_by("priority").defer("filter"))
    context: dict[str, Any] = {"now": at, "section": "work-pools", "pool": pool, "command": start_command(pool)}
    if part in (None, "pool", "queues"):
        context |= _of_state(pool, queues, at)
    if part in (None, "workers"):
        context["workers"] = rows_of_workers(pool, at)
    if part in (None, "runs"):
        context |= runs_context(request, queues, at)
    if part is None:
        context |= {
            "template": template_of_pool(pool.type, pool.base_job_template),
            "surroundings": surroundings(request, pool),
            "default_queue": next((queue for queue in queues if queue.pk == pool.default_queue_id), None),
        }
    return render_page(request, "pools/pool.html", context, fragments=FRAGMENTS)


@require_safe
@page
def work_queue_by_id(request: HttpRequest, queue_id: str) -> HttpResponseBase:
    """The address of a queue that clients print."""
    queue = WorkQueue.objects.select_related("work_pool").filter(pk=queue_id).first()
    if queue is None:
        return no_such(request, "work queue", queue_id)
    return redirect("deployments:work-queue", name=queue.work_pool.name, queue_name=queue.name)


def find_pool(name_or_id: str) -> WorkPool | None:
    """By its name, which nobody else has, else by its identifier."""
    pool = WorkPool.objects.filter(name=name_or_id).first()
    if pool is None:
        try:
            pool = WorkPool.objects.filter(pk=UUID(name_or_id)).first()
        except ValueError:
            return None
    return pool


def runs_context(request: HttpRequest, queues: list[WorkQueue], at: datetime) -> dict[str, Any]:
    """What `pools/pool_runs.html` shows of these queues."""
    ids, later = [queue.pk for queue in queues], request.GET.get("planned") == "all"
    under_way = pool_runs.under_way(ids)
    return {
        "anything_live": bool(under_way.rows),
        "under_way": under_way,
        "waiting": pool_runs.waiting(ids, at, later=later),
        "shows_later": later,
        "most": pool_runs.MOST,
    }


def _of_state(pool: WorkPool, queues: list[WorkQueue], at: datetime) -> dict[str, Any]:
    loads = loads_of_queues(at, [queue.pk for queue in queues])
    alive = Worker.objects.alive(at).filter(work_pool=pool).defer("metadata")
    online = [worker for worker in alive if worker.offline_since(at) is None]
    return {
        "row": row_of(pool, queues, loads, online, at),
        "queue_rows": [_queue_row(pool, queue, loads.get(queue.pk, NOTHING), at) for queue in queues[:MOST_QUEUES]],
        "queue_count": len(queues),
    }


def _queue_row(pool: WorkPool, queue: WorkQueue, load: Load, at: datetime) -> dict[str, Any]:
    return {
        "queue": queue,
        "load": load,
        "look": look_of_queue(queue, load, pool_is_paused=pool.is_paused, at=at),
        "bar": meter_of(load.running, queue.concurrency_limit),
        "oldest_wait": None if load.oldest_due is None else (at - load.oldest_due).total_seconds(),
        "is_default": queue.pk == pool.default_queue_id,
    }
