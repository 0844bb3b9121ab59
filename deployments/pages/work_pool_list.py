"""`/work-pools/`: every pool with its state and the reason, its workers, and the work that waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import WorkPool
from deployments.pages.pool_orders import read_pools
from deployments.pages.pool_rows import PoolRow, rows_of
from deployments.services.loads import pools_in_trouble
from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import SIZES
from orchestrator.pages.page import page, render_page

CHIPS = (("", "All", ""), ("trouble", "No worker, runs wait", "late"), ("paused", "Paused", "paused"))
MOST_EXPORTED = 1_000
COLUMNS = {
    "name": lambda row: row.pool.name,
    "type": lambda row: row.pool.type,
    "state": lambda row: row.look.word,
    "reason": lambda row: row.look.reason,
    "workers_online": lambda row: len(row.online),
    "running": lambda row: row.load.running,
    "concurrency_limit": lambda row: row.pool.concurrency_limit,
    "waiting": lambda row: row.load.waiting,
    "late": lambda row: row.load.late,
    "oldest_wait_seconds": lambda row: row.oldest_wait,
    "last_polled": lambda row: row.last_polled,
    "ended_in_last_hour": lambda row: row.load.done,
}


@require_safe
@page
def work_pool_list(request: HttpRequest) -> HttpResponseBase:
    at = timezone.now()
    pools = _chosen(request, at)
    if "export" in request.GET:
        rows = rows_of(list(pools.order_by("name")[:MOST_EXPORTED]), at)
        if (file := export_as(request, rows, COLUMNS, "work-pools")) is not None:
            return file
    found, rows = read_pools(pools, request.GET, at)
    context: dict[str, Any] = {
        "now": at,
        "section": "work-pools",
        "anything_live": True,
        "page": found,
        "rows": rows,
        "sizes": SIZES,
        "in_trouble": [row for row in rows if _is_in_trouble(row)],
        "chips": [(key, word, tone, key == request.GET.get("state", "")) for key, word, tone in CHIPS],
        "q": request.GET.get("q", ""),
        "type": request.GET.get("type", ""),
        "is_plain": not any(request.GET.get(name) for name in ("q", "type", "state", "older", "newer")),
    }
    return render_page(request, "pools/list.html", context, fragments={"pools": "pools/list_rows.html"})


def _chosen(request: HttpRequest, at: datetime) -> QuerySet[WorkPool]:
    pools = WorkPool.objects.defer("base_job_template", "storage_configuration")
    if q := request.GET.get("q", "").strip():
        pools = pools.filter(name__icontains=q)
    if kind := request.GET.get("type", "").strip():
        pools = pools.filter(type=kind)
    match request.GET.get("state"):
        case "paused":
            return pools.filter(is_paused=True)
        case "trouble":
            return pools.filter(pk__in=[pool.pk for pool in pools_in_trouble(at)])
    return pools


def _is_in_trouble(row: PoolRow) -> bool:
    return not row.pool.is_paused and not row.online and row.load.waiting > 0
