"""`/runs/flow-run/<id>`: one flow run. Each part of the page is a fragment with its own few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models.fields.json import KT
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from orchestrator.contract.states import State, StateType, Status
from orchestrator.live.page import no_such, page, render_page
from runs.errors import RunNotFound
from runs.models import FlowRun, Log, TaskRun, TaskRunState
from runs.orchestration.transition import RunKind
from runs.pages.dependencies import build_graph
from runs.pages.failures import failure_of, reason_in_brief, reasons_for_waiting
from runs.pages.log_view import LogFilter, count_levels, read_arrivals, read_window
from runs.pages.run_list import run_clock_start
from runs.pages.timeline import build_timeline
from runs.services.graph import upstream_ids
from runs.services.transitions import propose_state

MOST_TASKS = 2_000  # drawn; the newest are left out
MOST_STATES = 50  # in the history; the oldest are left out
MOST_SUBFLOWS = 20  # listed beside the page; the timeline has them all
TABLE_ROWS = 200  # in one page of the table
MANY_TASKS = 200  # with more, the drawing is made anew less often
VIEWS = {"timeline": "Timeline", "graph": "Dependencies", "table": "Table"}

FRAGMENTS = {name: f"runs/flow_run/{name}.html" for name in ("header", "facts", "tasks", "logs")}


@require_safe
@page
def flow_run(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    run = (
        FlowRun.objects.select_related("flow", "deployment", "work_queue__work_pool", "parent_task_run__flow_run")
        .filter(id=run_id)
        .first()
    )
    if run is None:
        return no_such(request, "flow run", run_id)
    now = timezone.now()
    fragment = request.GET.get("fragment")
    context: dict[str, Any] = {"section": "runs", "run": run, "now": now, "is_live": not run.is_terminal}
    if fragment == "logs" and "after" in request.GET:
        return _arrivals(request, run)
    for name, read in _PARTS.items():
        if fragment in (None, name):
            context |= read(request, run, now)
    return render_page(request, "runs/flow_run.html", context, fragments=FRAGMENTS)


@require_POST
@page
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Ask for the run's end. What executes it is told at its next sign of life."""
    try:
        answer = propose_state(
            kind=RunKind.FLOW_RUN,
            run_id=run_id,
            proposal=State(StateType.CANCELLING, message="Cancelled on the run's page."),
        )
    except RunNotFound:
        return no_such(request, "flow run", run_id)
    if answer.status is Status.ACCEPT:
        messages.success(request, "The run is asked to stop.")
    else:
        messages.error(request, f"The run was not cancelled: {answer.reason or 'its state does not allow it.'}")
    response = redirect("runs:flow-run", run_id)
    response.status_code = 303
    return response


def _read_header(request: HttpRequest, run: FlowRun, now: datetime) -> dict[str, Any]:
    return {
        "seconds": run.estimated_run_time(now) if run.start_time else None,
        "running_since": run_clock_start(run, now),
        "failure": failure_of(run),
        "waiting": reasons_for_waiting(run, now),
        "message": (run.state or {}).get("message") or "",
        "can_cancel": not run.is_terminal and run.state_type != StateType.CANCELLING,
    }


def _read_facts(request: HttpRequest, run: FlowRun, now: datetime) -> dict[str, Any]:
    newest = list(
        run.states.order_by("-timestamp").only("id", "type", "name", "timestamp", "message", "flow_run_id")[
            : MOST_STATES + 1
        ]
    )
    return {
        "states": newest[:MOST_STATES][::-1],
        "states_left_out": len(newest) > MOST_STATES,
        "claims": list(run.claims.order_by("attempt")),
        "subflows": list(
            FlowRun.objects.filter(parent_task_run__flow_run=run)
            .only("id", "name", "state_type", "state_name")
            .order_by("expected_start_time", "id")[: MOST_SUBFLOWS + 1]
        ),
        "most_subflows": MOST_SUBFLOWS,
        "late_by": run.lateness(now),
    }


def _read_tasks(request: HttpRequest, run: FlowRun, now: datetime) -> dict[str, Any]:
    view = request.GET.get("view", "timeline")
    view = view if view in VIEWS else "timeline"
    tasks = list(
        run.task_runs.annotate(message=KT("state__message"))
        .only(
            "id", "name", "task_key", "task_inputs", "state_type", "state_name", "state_timestamp", "run_count",
            "total_run_time", "expected_start_time", "start_time", "end_time", "flow_run_id",
        )
        .order_by("expected_start_time", "id")[: MOST_TASKS + 1]
    )  # fmt: skip
    more = len(tasks) > MOST_TASKS
    tasks = tasks[:MOST_TASKS]
    children = _children(run)
    context: dict[str, Any] = {
        "view": view,
        "views": [{"key": key, "word": word} for key, word in VIEWS.items()],
        "task_count": f"{len(tasks):,}{'+' if more else ''}",
        "tasks_left_out": more,
        "tasks_every": 1500 if len(tasks) > MANY_TASKS else 400,  # milliseconds
    }
    if view == "graph":
        context["graph"] = build_graph(tasks=tasks, children=children)
    if view == "timeline":
        context["timeline"] = build_timeline(
            tasks=tasks, histories=_histories(tasks), children=children, begin=run.start_time, end=run.end_time, now=now
        )
    if view == "table" or (view == "graph" and context["graph"].is_too_big):
        first = _table_page(request, len(tasks))
        context["rows"] = _table_rows(tasks, children, now)[first : first + TABLE_ROWS]
        context["table_pages"] = [
            {"first": start, "words": f"{start + 1}–{min(start + TABLE_ROWS, len(tasks))}", "is_on": start == first}
            for start in range(0, len(tasks), TABLE_ROWS)
        ]
    return context


def _table_page(request: HttpRequest, total: int) -> int:
    """The index of the first row to show; what the address says of it is no number, or too large: the first page."""
    text = request.GET.get("first", "")
    first = int(text) if text.isascii() and text.isdigit() else 0
    return first - first % TABLE_ROWS if first < total else 0


def _children(run: FlowRun) -> dict[UUID, FlowRun]:
    """The subflows of the run by the task run that stands for each: the newest where one was tried again."""
    found = FlowRun.objects.filter(parent_task_run__flow_run=run).only("id", "name", "parent_task_run_id")
    return {child.parent_task_run_id: child for child in found.order_by("expected_start_time", "id")[:MOST_TASKS]}


def _histories(tasks: list[TaskRun]) -> dict[UUID, list[TaskRunState]]:
    """The states of the tasks that were tried more than once, oldest first."""
    retried = [task.id for task in tasks if task.run_count > 1 or task.state_name in ("AwaitingRetry", "Retrying")]
    histories: dict[UUID, list[TaskRunState]] = defaultdict(list)
    if retried:
        states = TaskRunState.objects.filter(task_run__in=retried[:500]).only(
            "id", "type", "name", "timestamp", "task_run_id"
        )
        for state in states.order_by("timestamp", "id"):
            histories[state.task_run_id].append(state)
    return histories


def _table_rows(tasks: list[TaskRun], children: dict[UUID, FlowRun], now: datetime) -> list[dict[str, Any]]:
    names = {task.id: task for task in tasks}
    downstream: dict[UUID, list[TaskRun]] = defaultdict(list)
    upstream: dict[UUID, list[TaskRun]] = {}
    for task in tasks:
        upstream[task.id] = [names[found] for found in upstream_ids(task.task_inputs) if found in names]
        for parent in upstream[task.id]:
            downstream[parent.id].append(task)
    return [
        {
            "task": task,
            "child": children.get(task.id),
            "seconds": task.estimated_run_time(now) if task.start_time else None,
            "since": run_clock_start(task, now),
            "message": reason_in_brief(task.message) if task.state_type in ("FAILED", "CRASHED", "SCHEDULED") else "",
            "upstream": upstream[task.id][:5],
            "upstream_more": len(upstream[task.id]) - 5,
            "downstream": downstream[task.id][:5],
            "downstream_more": len(downstream[task.id]) - 5,
        }
        for task in tasks
    ]


def _read_logs(request: HttpRequest, run: FlowRun, now: datetime) -> dict[str, Any]:
    wanted = LogFilter.from_query(request.GET)
    logs = Log.objects.filter(flow_run_id=run.id)
    return {
        "log": read_window(logs, wanted, from_end=run.state_type != StateType.COMPLETED),
        "log_filter": wanted,
        "log_counts": count_levels(logs, wanted),
        "log_task": TaskRun.objects.filter(id=wanted.task).only("id", "name").first() if wanted.task else None,
        "logs_may_come": not run.is_terminal,
    }


def _arrivals(request: HttpRequest, run: FlowRun) -> HttpResponse:
    """Only the lines that arrived since, for a page that has the others."""
    logs = Log.objects.filter(flow_run_id=run.id)
    wanted = LogFilter.from_query(request.GET)
    arrivals = read_arrivals(logs, wanted)
    context = {
        "lines": arrivals.lines,
        "arrivals": arrivals,
        "log_counts": count_levels(logs, wanted),
        "log_filter": wanted,
    }
    return render(request, "runs/log_lines.html", context)


_PARTS: dict[str, Callable[[HttpRequest, FlowRun, datetime], dict[str, Any]]] = {
    "header": _read_header,
    "facts": _read_facts,
    "tasks": _read_tasks,
    "logs": _read_logs,
}
