"""The tasks of a run: as a timeline, as a graph of what waited for what, or as a table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from orchestrator.contract.states import StateType
from runs.models import FlowRun, TaskRun, TaskRunState
from runs.pages.dependencies import MOST_SINGLE_NODES, around, build_graph
from runs.pages.flow_run.subject import OF_TASKS, Subject
from runs.pages.run_rows import run_clock_start
from runs.pages.timeline.lanes import Inner
from runs.pages.timeline.layout import build_timeline
from runs.pages.timeline.options import Options
from runs.pages.timeline.spans import in_trouble
from runs.services.failures.naming import message_in_brief
from runs.services.graph import upstream_ids

TABLE_ROWS = 100  # in one page of the table
LEAST_EVERY = 400  # milliseconds between two drawings; with more tasks, one for each: about six times its cost
MOST_INNER = 500  # tasks of unfolded subflows
MOST_HISTORIES = 500  # of tasks that were tried again, each try drawn for itself
SHOWN_NEIGHBOURS = 2
VIEWS = {"timeline": "Timeline", "graph": "Graph", "table": "Table"}
_BY_PATH = {"tasks": "table"}
_TELLING = ("FAILED", "CRASHED", "SCHEDULED")


def read_tasks(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    view = request.GET.get("view") or _BY_PATH.get(subject.view, subject.view)
    view = view if view in VIEWS else "timeline"
    tasks = subject.tasks
    context: dict[str, Any] = {
        "view": view,
        "views": [{"key": key, "word": word} for key, word in VIEWS.items()],
        "task_count": f"{len(tasks):,}{'+' if subject.leaves_tasks_out else ''}",
        "tasks_left_out": subject.leaves_tasks_out,
        "by_start": Options.from_query(request.GET).by_start,
        "tasks_every": max(LEAST_EVERY, len(tasks)),
    }
    if not tasks:
        return context
    if view == "graph":
        context |= _read_graph(request, subject)
    if view == "timeline":
        context |= _read_timeline(request, subject)
    if view == "table" or (view == "graph" and context["graph"].is_too_big):
        first = _table_page(request, len(tasks))
        rows = _table_rows(subject)
        if not context["by_start"]:
            rows.sort(key=lambda row: not in_trouble(row["task"]))
        context["rows"] = rows[first : first + TABLE_ROWS]
        context["table_pages"] = [
            {"first": start, "words": f"{start + 1}–{min(start + TABLE_ROWS, len(tasks))}", "is_on": start == first}
            for start in range(0, len(tasks), TABLE_ROWS)
        ]
    return context


def _read_graph(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """All tasks, or those around the chosen one where there are too many to have a box each."""
    tasks, children = subject.tasks, subject.children
    chosen = Options.from_query(request.GET).task
    near = around(chosen, tasks, children) if chosen and len(tasks) > MOST_SINGLE_NODES else []
    if near:
        graph = build_graph(tasks=near, children=children, chosen=chosen, grouped=False)
    else:
        graph = build_graph(tasks=tasks, children=children, chosen=chosen)
    return {"graph": graph, "is_around": bool(near)}


def _read_timeline(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    run = subject.run
    options = Options.from_query(request.GET)
    attempts = _attempts(subject)
    attempt = request.GET.get("attempt", "")
    if options.t0 is None and options.t1 is None and attempt in attempts and run.start_time:
        t0, t1 = attempts[attempt]
        options = replace(options, t0=t0, t1=t1)
    timeline = build_timeline(
        tasks=subject.tasks,
        histories=_histories(subject.tasks),
        children=subject.children,
        begin=run.start_time,
        end=run.end_time,
        now=subject.now,
        options=options,
        inner=_inner(subject, options),
        states=subject.states,
        artifacts=subject.artifacts,
    )
    chosen = next((task for task in subject.tasks if task.id == options.task), None)
    return {
        "timeline": timeline,
        "options": options,
        "chosen": chosen,
        "attempts": list(attempts) if len(attempts) > 1 else [],
        "attempt": attempt,
    }


def _attempts(subject: Subject) -> dict[str, tuple[float, float | None]]:
    """By its number, when the run was begun for the nth time and when for the next, in seconds since the first."""
    begun = [state.timestamp for state in subject.states if state.type == StateType.RUNNING]
    origin = subject.run.start_time
    if origin is None:
        return {}
    edges = [(moment - origin).total_seconds() for moment in begun]
    return {str(number): pair for number, pair in enumerate(zip(edges, [*edges[1:], None], strict=False), 1)}


def _inner(subject: Subject, options: Options) -> dict[UUID, Inner]:
    """The tasks of those subflows of this run that are unfolded."""
    own = {child.id for child in subject.children.values()}
    wanted = [one for one in options.subflows if one in own]
    if not wanted:
        return {}
    tasks: dict[UUID, list[TaskRun]] = {one: [] for one in wanted}
    found = TaskRun.objects.filter(flow_run__in=wanted).only(*OF_TASKS)
    for task in found.order_by("expected_start_time", "id")[:MOST_INNER]:
        if task.flow_run_id:
            tasks[task.flow_run_id].append(task)
    histories = _histories([task for of_one in tasks.values() for task in of_one])
    return {one: Inner(of_one, histories) for one, of_one in tasks.items()}


def _table_page(request: HttpRequest, total: int) -> int:
    """The index of the first row to show; what the address says of it is no number, or too large: the first page."""
    text = request.GET.get("first", "")
    first = int(text) if text.isascii() and text.isdigit() else 0
    return first - first % TABLE_ROWS if first < total else 0


def _histories(tasks: list[TaskRun]) -> dict[UUID, list[TaskRunState]]:
    """The states of the tasks that were tried more than once, oldest first."""
    retried = [task.id for task in tasks if task.run_count > 1 or task.state_name in ("AwaitingRetry", "Retrying")]
    histories: dict[UUID, list[TaskRunState]] = defaultdict(list)
    if retried:
        states = TaskRunState.objects.filter(task_run__in=retried[:MOST_HISTORIES])
        columns = ("id", "type", "name", "timestamp", "task_run_id")
        for state in states.only(*columns).order_by("timestamp", "id"):
            histories[state.task_run_id].append(state)
    return histories


def _table_rows(subject: Subject) -> list[dict[str, Any]]:
    named = {task.id: task for task in subject.tasks}
    downstream: dict[UUID, list[TaskRun]] = defaultdict(list)
    upstream: dict[UUID, list[TaskRun]] = {}
    for task in subject.tasks:
        upstream[task.id] = [named[found] for found in upstream_ids(task.task_inputs) if found in named]
        for parent in upstream[task.id]:
            downstream[parent.id].append(task)
    return [
        _table_row(subject, task, subject.children.get(task.id), upstream[task.id], downstream[task.id])
        for task in subject.tasks
    ]


def _table_row(
    subject: Subject, task: TaskRun, child: FlowRun | None, upstream: list[TaskRun], downstream: list[TaskRun]
) -> dict[str, Any]:
    message = getattr(task, "message", None)
    return {
        "task": task,
        "child": child,
        "seconds": task.estimated_run_time(subject.now) if task.start_time else None,
        "since": run_clock_start(task, subject.now),
        "message": message_in_brief(message) if task.state_type in _TELLING else "",
        "upstream": upstream[:SHOWN_NEIGHBOURS],
        "upstream_more": len(upstream) - SHOWN_NEIGHBOURS,
        "downstream": downstream[:SHOWN_NEIGHBOURS],
        "downstream_more": len(downstream) - SHOWN_NEIGHBOURS,
    }
