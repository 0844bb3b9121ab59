"""`/runs/task-run/<id>`: one task run, its tries, what it was given, and its own lines of the log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.live.page import no_such, page, render_page
from runs.models import FlowRun, Log, TaskRun
from runs.pages.failures import failure_of_task
from runs.pages.log_view import LogFilter, read_arrivals, read_window
from runs.pages.run_list import run_clock_start
from runs.services.graph import PARENTS_KEY, RUN_KINDS, upstream_ids

MOST_STATES = 100
FRAGMENTS = {name: f"runs/task_run/{name}.html" for name in ("header", "states", "facts", "logs")}


@require_safe
@page
def task_run(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    task = TaskRun.objects.select_related("flow_run__flow").filter(id=run_id).first()
    if task is None:
        return no_such(request, "task run", run_id)
    now = timezone.now()
    logs = Log.objects.filter(task_run_id=task.id)
    wanted = LogFilter.from_query(request.GET)
    if request.GET.get("fragment") == "logs" and "after" in request.GET:
        arrivals = read_arrivals(logs, wanted)
        return render(request, "runs/log_lines.html", {"lines": arrivals.lines, "arrivals": arrivals})
    context: dict[str, Any] = {
        "section": "runs",
        "task": task,
        "run": task.flow_run,
        "now": now,
        "is_live": not task.is_terminal,
        "seconds": task.estimated_run_time(now) if task.start_time else None,
        "running_since": run_clock_start(task, now),
        "failure": failure_of_task(task),
        "message": (task.state or {}).get("message") or "",
        "states": list(task.states.order_by("timestamp", "id")[:MOST_STATES]),
        "child": FlowRun.objects.filter(parent_task_run=task).only("id", "name").first(),
        "inputs": _inputs(task),
        "log": read_window(logs, wanted, from_end=False),
        "log_filter": wanted,
        "logs_may_come": not task.is_terminal,
    }
    return render_page(request, "runs/task_run.html", context, fragments=FRAGMENTS)


def _inputs(task: TaskRun) -> list[dict[str, Any]]:
    """Each parameter with the task runs whose results it was given."""
    by_parameter = {
        name: upstream_ids({name: given}) for name, given in task.task_inputs.items() if name != PARENTS_KEY
    }
    wanted = {found for ids in by_parameter.values() for found in ids}
    known = {
        found.id: found
        for found in TaskRun.objects.filter(id__in=wanted).only("id", "name", "state_type", "state_name")
    }
    return [
        {
            "parameter": "waited for" if name == "wait_for" else name,
            "tasks": [known[found] for found in ids if found in known],
            "kinds": sorted(
                {str(one.get("input_type")) for one in _as_list(task.task_inputs[name]) if isinstance(one, dict)}
                - set(RUN_KINDS)
            ),
        }
        for name, ids in by_parameter.items()
    ]


def _as_list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []
