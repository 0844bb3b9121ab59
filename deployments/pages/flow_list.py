"""`/flows/`: every flow with its last runs, the one that started last, and what is planned next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment
from deployments.pages.recent_runs import RecentRuns, recent_runs, summed_up
from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import SIZES, Order, read_page
from orchestrator.pages.page import page, render_page
from orchestrator.rest.lookups import HasTag
from runs.models import Flow, FlowRun

ORDERS = (Order("name", "name", "Flow"), Order("created", "created", "Created"))
FEWEST_ROWS = "25"
JUDGED = timedelta(days=7)  # of which the failure rate tells
MANY = 200  # ended runs of a flow, which are not counted anew each time that somebody looks
KEPT = timedelta(minutes=1)
EXPORTED = {
    "id": lambda flow: flow.pk,
    "name": lambda flow: flow.name,
    "deployments": lambda flow: flow.deployment_count,
    "next_run": lambda flow: flow.next_run,
    "tags": lambda flow: flow.tags,
    "created": lambda flow: flow.created,
}


@dataclass(frozen=True, slots=True)
class FailureRate:
    failed: int
    ended: int

    @property
    def words(self) -> str:
        return f"{100 * self.failed / self.ended:.0f} %" if self.ended else ""

    @property
    def sentence(self) -> str:
        return f"{self.failed} of {self.ended} runs failed or crashed in the last {JUDGED.days} days"


_kept: dict[UUID, tuple[datetime, FailureRate]] = {}  # until when


@dataclass(frozen=True, slots=True)
class FlowRow:
    flow: Flow
    recent: RecentRuns
    failures: FailureRate


@require_safe
@page
def flow_list(request: HttpRequest) -> HttpResponseBase:
    now = timezone.now()
    text, tag = request.GET.get("q", "").strip()[:200], request.GET.get("tag", "").strip()[:200]
    rows = _with_deployments(Flow.objects.all())
    if text:
        rows = rows.filter(name__icontains=text)
    if tag:
        rows = rows.filter(Q(HasTag("tags", tag)))
    file = export_as(request, rows.order_by("name").iterator(chunk_size=500), EXPORTED, "flows")
    if file is not None:
        return file
    query = request.GET.copy()
    query.setdefault("size", FEWEST_ROWS)
    shown = read_page(rows, query, ORDERS, usual="name")
    ids = [flow.pk for flow in shown.rows]
    recent = recent_runs("flow", ids, now, started_only=True)
    failures = failure_rates(ids, now)
    context: dict[str, Any] = {
        "now": now,
        "section": "flows",
        "text": text,
        "tag": tag,
        "page": shown,
        "sizes": SIZES,
        "rows": [FlowRow(flow, recent.get(flow.pk) or summed_up(()), failures[flow.pk]) for flow in shown.rows],
    }
    return render_page(request, "flows/list.html", context, fragments={"rows": "flows/list_rows.html"})


def failure_rates(flow_ids: Iterable[UUID], now: datetime) -> dict[UUID, FailureRate]:
    """How many runs of each flow ended, and how many of those badly. At most one query, over a week.

    Of flows with many runs it is what it was up to a minute ago: of so many, those of a minute change little.
    """
    global _kept
    ids = list(flow_ids)
    kept = {flow_id: found for flow_id, found in _kept.items() if now < found[0]}
    counted = _counted_rates([flow_id for flow_id in ids if flow_id not in kept], now)
    many = {flow_id: (now + KEPT, rate) for flow_id, rate in counted.items() if rate.ended >= MANY}
    _kept = kept | many  # replaced, not changed: other threads may be reading it
    return {flow_id: kept[flow_id][1] if flow_id in kept else counted[flow_id] for flow_id in ids}


def _counted_rates(ids: Sequence[UUID], now: datetime) -> dict[UUID, FailureRate]:
    counted = (
        FlowRun.objects.filter(flow__in=ids)
        .alias(sort_time=Coalesce("start_time", "expected_start_time"))
        .filter(sort_time__gte=now - JUDGED, sort_time__lte=now, state_type__in=[type_.value for type_ in TERMINAL])
        .order_by()
        .values_list("flow_id", "state_type")
        .annotate(number=Count("pk"))
    )
    ended: Counter[UUID] = Counter()
    failed: Counter[UUID] = Counter()
    for flow_id, state_type, number in counted:
        ended[flow_id] += number
        if state_type in (StateType.FAILED, StateType.CRASHED):
            failed[flow_id] += number
    return {flow_id: FailureRate(failed[flow_id], ended[flow_id]) for flow_id in ids}


def _with_deployments(rows: QuerySet[Flow]) -> QuerySet[Flow]:
    """With the number of deployments, and `next_run`: when the first run is planned for."""
    deployments = Deployment.objects.filter(flow=OuterRef("pk")).order_by().values("flow").annotate(number=Count("pk"))
    planned = FlowRun.objects.scheduled().filter(flow=OuterRef("pk"), next_scheduled_start_time__isnull=False)
    first = planned.order_by("next_scheduled_start_time").values("next_scheduled_start_time")[:1]
    return rows.annotate(deployment_count=Coalesce(Subquery(deployments.values("number")), 0), next_run=Subquery(first))
