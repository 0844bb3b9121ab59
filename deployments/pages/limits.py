"""`/concurrency-limits/`: limits by any name, of tags and of deployments; who holds their slots, and who waits."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment
from deployments.pages.limit_orders import read_limits
from deployments.pages.limit_rows import KINDS, rows_of_limits
from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import SIZES
from orchestrator.pages.page import no_such, page, render_page
from runs.models import ConcurrencyLimit
from runs.models.concurrency_limits import DEPLOYMENT_PREFIX, TAG_PREFIX
from runs.services.concurrency_holders import holders_of
from runs.services.concurrency_waits import runs_waiting_for, tasks_waiting_for, waiters_for

MOST_HOLDERS = 100
MOST_WAITING = 50
MOST_DEPLOYMENTS = 20
MOST_EXPORTED = 1_000
OF_KIND = {
    "tag": Q(tag__isnull=False),
    "deployment": Q(name__startswith=DEPLOYMENT_PREFIX),
    "global": ~Q(name__startswith=DEPLOYMENT_PREFIX) & ~Q(name__startswith=TAG_PREFIX),
}
COLUMNS = {
    "name": lambda row: row.limit.name,
    "kind": lambda row: row.kind,
    "state": lambda row: row.look.word,
    "limit": lambda row: row.limit.limit,
    "in_use": lambda row: row.in_use,
    "waiting": lambda row: row.waiting,
    "active": lambda row: row.limit.active,
    "slot_decay_per_second": lambda row: row.limit.slot_decay_per_second,
}


@require_safe
@page
def limit_list(request: HttpRequest) -> HttpResponseBase:
    at, q, kind = timezone.now(), request.GET.get("q", "").strip(), request.GET.get("kind", "")
    limits = ConcurrencyLimit.objects.all()
    if q:
        owners = Deployment.objects.filter(name__icontains=q).values_list("pk", flat=True)[:100]
        named = Q(name__icontains=q) | Q(name__in=[f"{DEPLOYMENT_PREFIX}{owner}" for owner in owners])
        limits = limits.filter(named)
    if kind in OF_KIND:
        limits = limits.filter(OF_KIND[kind])
    if "export" in request.GET:
        rows = rows_of_limits(list(limits.order_by("name")[:MOST_EXPORTED]), at)
        if (file := export_as(request, rows, COLUMNS, "concurrency-limits")) is not None:
            return file
    found, rows = read_limits(limits, request.GET, at)
    context: dict[str, Any] = {
        "now": at,
        "section": "concurrency-limits",
        "page": found,
        "rows": rows,
        "sizes": SIZES,
        "kinds": [(key, word, key == kind) for key, word in KINDS],
        "kind": kind,
        "q": q,
        "is_plain": not (q or kind),
    }
    return render_page(request, "limits/list.html", context, fragments={"limits": "limits/list_rows.html"})


@require_safe
@page
def limit(request: HttpRequest, limit_id: str) -> HttpResponseBase:
    found = ConcurrencyLimit.objects.filter(pk=limit_id).first()
    if found is None:
        return no_such(request, "concurrency limit", limit_id)
    at = timezone.now()
    holders = holders_of(found, MOST_HOLDERS + 1, at)
    asking, runs = waiters_for(found, MOST_WAITING + 1, at), runs_waiting_for(found, MOST_WAITING + 1)
    known = {waiter.wait.holder_id for waiter in asking}
    tasks = [task for task in tasks_waiting_for(found, MOST_WAITING + 1) if task.pk not in known]
    context: dict[str, Any] = {
        "now": at,
        "section": "concurrency-limits",
        "limit": found,
        "row": rows_of_limits([found], at)[0],
        "anything_live": bool(holders),
        "holders": holders[:MOST_HOLDERS],
        "has_more_holders": len(holders) > MOST_HOLDERS,
        "asking": asking[:MOST_WAITING],
        "waiting_runs": runs[:MOST_WAITING],
        "waiting_tasks": tasks[:MOST_WAITING],
        "has_more_waiting": max(len(asking), len(runs), len(tasks)) > MOST_WAITING,
        "most_holders": MOST_HOLDERS,
        "most_waiting": MOST_WAITING,
    }
    if "fragment" not in request.GET:
        users = Deployment.objects.filter(global_concurrency_limit=found).order_by("name").only("id", "name")
        context["deployments"] = list(users[:MOST_DEPLOYMENTS])
    return render_page(request, "limits/limit.html", context, fragments={"slots": "limits/slots.html"})
