"""`/deployments/`: what can be run from afar, how it does, and when it runs next."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment
from deployments.pages.deployment_filter import STATES, DeploymentFilter
from deployments.pages.deployment_rows import deployment_rows, with_next_run
from deployments.pages.pauses import pause_of
from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import SIZES, Order, read_page
from orchestrator.pages.page import page, render_page

ORDERS = (
    Order("name", "name", "Name"),
    Order("flow", "flow__name", "Flow"),
    Order("created", "created", "Created"),
    Order("updated", "updated", "Changed"),
)
FEWEST_ROWS = "25"
EXPORTED = {
    "id": lambda row: row.pk,
    "name": lambda row: row.name,
    "flow": lambda row: row.flow.name,
    "status": lambda row: "PAUSED" if row.paused else row.status,
    "paused_by": lambda row: getattr(pause_of(row), "who", ""),
    "paused_at": lambda row: row.paused_at,
    "next_run": lambda row: row.next_run,
    "work_pool": lambda row: row.work_queue.work_pool.name if row.work_queue else None,
    "work_queue": lambda row: row.work_queue.name if row.work_queue else None,
    "tags": lambda row: row.tags,
    "created": lambda row: row.created,
    "updated": lambda row: row.updated,
}


@require_safe
@page
def deployment_list(request: HttpRequest) -> HttpResponseBase:
    now = timezone.now()
    wanted = DeploymentFilter.from_query(request.GET)
    rows = wanted.narrow(with_next_run(Deployment.objects.all()), now)
    file = export_as(request, rows.order_by("name", "pk").iterator(chunk_size=500), EXPORTED, "deployments")
    if file is not None:
        return file
    query = request.GET.copy()
    query.setdefault("size", FEWEST_ROWS)
    shown = read_page(rows, query, ORDERS, usual="name")
    context: dict[str, Any] = {
        "now": now,
        "section": "deployments",
        "filter": wanted,
        "states": STATES.items(),
        "page": shown,
        "sizes": SIZES,
        "rows": deployment_rows(shown.rows, now),
    }
    return render_page(request, "deployments/list.html", context, fragments={"rows": "deployments/list_rows.html"})
