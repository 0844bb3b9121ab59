"""`/runs/flow-run/<id>/previous` and `/next`: on to the run that began before or after this one.

An address of its own instead of the neighbour's name on the page, so that the page asks no questions for it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
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
    found = _beside(run, began, step) if began else None
    if found is None:
        name = run.deployment.name if run.deployment else run.flow.name
        messages.info(request, f"No run of {name} began {'before' if step == 'previous' else 'after'} this one.")
    return redirect("runs:flow-run", found or run_id)


def _beside(run: FlowRun, began: datetime, step: str) -> UUID | None:
    """Of the runs of the same deployment, or of the flow where there is none; what is planned has not begun."""
    alike = (
        FlowRun.objects.filter(deployment=run.deployment_id)
        if run.deployment_id
        else FlowRun.objects.filter(flow=run.flow_id)
    )
    if step == "previous":
        found = alike.newest_first().began_before(began, run.id)
    else:
        found = alike.oldest_first().began_after(began, run.id).filter(sort_time__lte=timezone.now())
    return found.values_list("id", flat=True).first()
