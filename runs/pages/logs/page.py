"""`/runs/flow-run/<id>/logs`: the log of a run on a page of its own; of a task run under its own address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from orchestrator.pages.page import no_such, page, render_page
from runs.models import FlowRun, TaskRun
from runs.pages.logs.panel import LogOwner, answer_about_log, read_log

FRAGMENTS = {"logs": "runs/log_part.html"}


@require_safe
@page
def run_logs(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    run = FlowRun.objects.select_related("flow").filter(id=run_id).first()
    if run is None:
        return no_such(request, "flow run", run_id)
    return _answer(
        request, LogOwner.of_flow_run(run), {"run": run, "run_address": reverse("runs:flow-run", args=[run.id])}
    )


@require_safe
@page
def task_logs(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    task = TaskRun.objects.select_related("flow_run").filter(id=run_id).first()
    if task is None:
        return no_such(request, "task run", run_id)
    address = reverse("runs:task-run", args=[task.id])
    return _answer(request, LogOwner.of_task_run(task), {"run": task, "run_address": address, "is_of_task": True})


def _answer(request: HttpRequest, owner: LogOwner, context: dict[str, Any]) -> HttpResponseBase:
    topic = getattr(owner.run, "flow_run_id", None) or owner.run.id
    context |= {
        "section": "runs",
        "log_topic": f"logs:{topic}",
        "is_live": not owner.run.is_terminal,
        "is_log_page": True,
    }
    return answer_about_log(request, owner) or render_page(
        request, "runs/logs.html", context | read_log(request, owner), fragments=FRAGMENTS
    )
