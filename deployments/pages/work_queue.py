"""`/work-pools/work-pool/<name>/queue/<name>`: one queue of a pool."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment, WorkQueue
from deployments.pages.pool_rows import look_of_queue, meter_of
from deployments.pages.work_pool import find_pool, runs_context
from deployments.pages.worker_commands import start_command
from deployments.services.loads import NOTHING, loads_of_queues
from orchestrator.pages.page import no_such, page, render_page

MOST_DEPLOYMENTS = 50
FRAGMENTS = {"queue": "pools/queue_state.html", "runs": "pools/pool_runs.html"}


@require_safe
@page
def work_queue(request: HttpRequest, name: str, queue_name: str) -> HttpResponseBase:
    pool = find_pool(name)
    queue = pool and WorkQueue.objects.select_related("work_pool").filter(work_pool=pool, name=queue_name).first()
    if pool is None or queue is None:
        return no_such(request, "work queue", f"{name} / {queue_name}")
    part, at = request.GET.get("fragment"), timezone.now()
    context: dict[str, Any] = {"now": at, "section": "work-pools", "pool": pool, "queue": queue, "of_queue": True}
    if part in (None, "queue"):
        load = loads_of_queues(at, [queue.pk]).get(queue.pk, NOTHING)
        context |= {
            "load": load,
            "look": look_of_queue(queue, load, pool_is_paused=pool.is_paused, at=at),
            "bar": meter_of(load.running, queue.concurrency_limit),
            "oldest_wait": None if load.oldest_due is None else (at - load.oldest_due).total_seconds(),
        }
    if part in (None, "runs"):
        context |= runs_context(request, [queue], at)
    if part is None:
        deployments = Deployment.objects.filter(work_queue=queue).select_related("flow").order_by("name")
        context |= {
            "command": start_command(pool, queue),
            "deployments": list(
                deployments.only("id", "name", "flow__name", "paused", "paused_at", "paused_by")[:MOST_DEPLOYMENTS]
            ),
            "deployment_count": deployments.aggregate(count=Count("pk"))["count"],
            "is_default": queue.pk == pool.default_queue_id,
        }
    return render_page(request, "pools/queue.html", context, fragments=FRAGMENTS)
