"""`/work-pools/work-pool/<name>/worker/<worker>`: one worker, by its name or its identifier."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Worker, WorkPool
from deployments.pages.work_pool import find_pool
from deployments.pages.worker_commands import drain_command
from deployments.pages.worker_rows import claimed_runs, row_of_worker
from orchestrator.pages.page import no_such, page, render_page
from runs.models import Claim

RECENT = 20  # ended claims that the page tells
LOOKED_AT = 2_000  # claims of the whole server, the newest, among which these are looked for


@require_safe
@page
def worker(request: HttpRequest, name: str, worker_name: str) -> HttpResponseBase:
    pool = find_pool(name)
    found = pool and find_worker(pool, worker_name)
    if pool is None or found is None:
        return no_such(request, "worker", f"{name} / {worker_name}")
    at = timezone.now()
    runs = claimed_runs(pool, [found.name]).get(found.name, ())
    context: dict[str, Any] = {
        "now": at,
        "section": "work-pools",
        "anything_live": True,
        "pool": pool,
        "row": row_of_worker(found, runs, at),
        "drain": drain_command(found) if pool.is_celery and found.offline_since(at) is None else "",
        "claims": [] if request.GET.get("fragment") else _ended_claims(pool, found),
    }
    return render_page(request, "pools/worker.html", context, fragments={"worker": "pools/worker_state.html"})


def find_worker(pool: WorkPool, name_or_id: str) -> Worker | None:
    workers = Worker.objects.filter(work_pool=pool)
    found = workers.filter(name=name_or_id).first()
    if found is None:
        try:
            found = workers.filter(pk=UUID(name_or_id)).first()
        except ValueError:
            return None
    return found


def _ended_claims(pool: WorkPool, found: Worker) -> list[Claim]:
    """What it executed of late. Two queries; there is no index of claims by their worker, so only new ones are seen."""
    newest = Claim.objects.order_by("-pk").values_list("pk", "worker_name")[:LOOKED_AT]
    its_own = [pk for pk, worker_name in newest if worker_name == found.name][: 2 * RECENT]
    if not its_own:
        return []
    claims = Claim.objects.filter(pk__in=its_own).select_related("flow_run__flow", "flow_run__work_queue")
    return [claim for claim in claims.order_by("-pk") if claim.ended_at is not None and _is_of(pool, claim)][:RECENT]


def _is_of(pool: WorkPool, claim: Claim) -> bool:
    """A worker is known by its name within its pool."""
    queue = claim.flow_run.work_queue
    return queue is not None and queue.work_pool_id == pool.pk
