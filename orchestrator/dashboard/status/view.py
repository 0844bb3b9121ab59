"""`/status/`: whether the server does what it is there for, measured while the page is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import WorkPool
from deployments.pages.pool_rows import rows_of
from orchestrator.dashboard.status.broker import broker_facts
from orchestrator.dashboard.status.database import database_facts, retention_facts, row_facts
from orchestrator.dashboard.status.fact import Fact
from orchestrator.dashboard.status.lags import pool_lags, queue_facts
from orchestrator.dashboard.status.machine import server_facts, socket_facts
from orchestrator.pages.page import page, render_page
from runs.pages.services import TROUBLE, Row, service_rows

MOST_POOLS = 200


@require_safe
@page
def status(request: HttpRequest) -> HttpResponseBase:
    at = timezone.now()
    pools = list(WorkPool.objects.defer("base_job_template").order_by("name")[:MOST_POOLS])
    services, lags = service_rows(), pool_lags(rows_of(pools, at))
    groups: list[tuple[str, list[Fact]]] = [
        ("Server", server_facts()),
        ("Database", database_facts()),
        ("Rows", row_facts()),
        ("Broker", broker_facts(pools)),
        ("Queues", queue_facts(at)),
        ("Retention", retention_facts()),
        ("Sockets of this process", socket_facts()),
    ]
    troubles = [*_of_services(services)]
    troubles += [f"{fact.heading}: {fact.trouble}" for _, facts in groups for fact in facts if fact.trouble]
    troubles += [f"{fact.heading}: {fact.trouble}" for fact, _ in lags if fact.trouble]
    context: dict[str, Any] = {
        "now": at,
        "section": "status",
        "anything_live": True,
        "services": services,
        "lags": lags,
        "groups": groups,
        "troubles": troubles,
    }
    return render_page(request, "status/status.html", context, fragments={"status": "status/facts.html"})


def _of_services(rows: Sequence[Row]) -> Iterator[str]:
    """One sentence for all that fail, and one for all that are overdue."""
    for condition in TROUBLE:
        found = [row for row in rows if row.status.condition is condition]
        if found:
            names = ", ".join(row.status.name for row in found)
            yield f"{names} {'is' if len(found) == 1 else 'are'} {found[0].word.lower()}"
