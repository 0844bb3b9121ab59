"""`/runs/flow-run/<id>/previous` and `/next`: on to the run that began before or after this one.

An address of its own instead of the neighbour's name on the page, so that the page asks no questions for it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.pages.page import no_such, page
from runs.models import FlowRun


@require_safe
@page
def neighbour(request: HttpRequest, run_id: UUID, step: str) -> HttpResponseBase:
    """`step` is `previous` or `next`."""
    run = FlowRun.objects.select_related("flow", "deployment").filter(id=run_id).first()
    if run is None:
        return no_such(request, "flow run", run_id)
    began = run.start_time or run.expected_start_time
    find = before if step == "previous" else after
    found = find(run, began) if began else None
    if found is None:
        name = run.deployment.name if run.deployment else run.flow.name
        messages.info(request, f"No run of {name} began {'before' if step == 'previous' else 'after'} this one.")
    return redirect("runs:flow-run", found or run_id)


def before(run: FlowRun, began: datetime) -> UUID | None:
    """The run of the same deployment, or of the flow where there is none, that began last before this one."""
    earlier = _runs_like(run).filter(Q(began__lt=began) | Q(id__lt=run.id), began__lte=began)
    return earlier.order_by(F("began").desc(), "-id").values_list("id", flat=True).first()


def after(run: FlowRun, began: datetime) -> UUID | None:
    """The first one that began after it; what is planned for later has not begun."""
    later = _runs_like(run).filter(Q(began__gt=began) | Q(id__gt=run.id), began__gte=began, began__lte=timezone.now())
    return later.order_by(F("began").asc(), "id").values_list("id", flat=True).first()


def _runs_like(run: FlowRun) -> QuerySet[FlowRun]:
    of = {"deployment": run.deployment_id} if run.deployment_id else {"flow": run.flow_id}
    return FlowRun.objects.filter(**of).annotate(began=Coalesce("start_time", "expected_start_time"))
