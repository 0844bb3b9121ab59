"""`/runs/tasks/`: the task runs, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.pages.addresses import address_of
from orchestrator.pages.export import Columns, asks_for_file, export_as
from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.keyset import SIZES, read_page
from orchestrator.pages.last_filter import last_filter, remember_filter
from orchestrator.pages.looks import look_of
from orchestrator.pages.page import page, render_page
from orchestrator.pages.saved_views import address_meant, list_of_views
from orchestrator.pages.time_range import TimeRange, url_between
from runs.models import TaskRun
from runs.pages.newest import MOST_LOOKED_AT
from runs.pages.run_counts import count_each, count_states, draw_bars
from runs.pages.run_filter import milliseconds_between_reads
from runs.pages.run_orders import DURATION, NAME, STARTED, TRIES, with_order
from runs.pages.run_rows import run_clock_start
from runs.pages.state_chips import Shown, rare_states, state_chips, word_of
from runs.pages.task_filter import (
    RARE,
    TASK_STATES,
    TERMS,
    USUAL_RANGE,
    matching_tasks,
    read_range,
    read_task_filter,
    tasks_in_range,
)

VIEWS_TOPIC = "tasks"  # what changes the counters of views
KIND = "task-runs"
ORDERS = (STARTED, DURATION, NAME, TRIES)
USUAL_ORDER = "-started"
COLUMNS = (
    "id", "name", "task_key", "tags", "state_type", "state_name", "state_timestamp", "total_run_time", "run_count",
    "start_time", "expected_start_time", "error_type", "error_message", "error_frame", "flow_run__name",
    "flow_run__flow__name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    task: TaskRun
    state_word: str  # of the filter
    seconds: float | None
    running_since: datetime | None
    is_cached: bool
    error: str
    log_url: str  # the lines of this task alone


@require_safe
@page
def task_list(request: HttpRequest) -> HttpResponseBase:
    fragment = request.GET.get("fragment")
    if fragment == "views":
        part = {
            "filter": read_task_filter(request, timezone.now()),
            "views": list_of_views(request, KIND, count=lambda query, now: matching_tasks(query, now=now)),
            "views_topic": VIEWS_TOPIC,
        }
        return render_page(request, "runs/tasks/list.html", part, fragments={"views": "views/chips.html"})
    if fragment is None and (elsewhere := address_meant(request, KIND, TERMS)):
        return redirect(elsewhere)
    now = timezone.now()
    if file := _export(request, now):
        return file
    wanted, range_ = read_task_filter(request, now), read_range(request.GET, now)
    context = _read_tasks(request, wanted, range_, now)
    if fragment is None:
        context |= _read_head(request, wanted, range_)
    answer = render_page(request, "runs/tasks/list.html", context, fragments={"tasks": "runs/tasks/list_rows.html"})
    return answer if fragment else remember_filter(request, answer, KIND, wanted)


def _read_tasks(request: HttpRequest, wanted: Selection, range_: TimeRange, now: datetime) -> dict[str, Any]:
    sort = request.GET.get("sort", USUAL_ORDER)
    newest = tasks_in_range(wanted, range_, sort, now)
    in_range = newest.rows
    counts, of_shown = count_states(in_range, range_, asked=wanted.by_term.get("state"))
    tasks = in_range.filter(wanted.by_term.get("state", Q()))
    tasks = tasks.select_related("flow_run__flow").only(*COLUMNS)
    tasks = with_order(tasks, sort, now)
    shown = read_page(tasks, request.GET, ORDERS, usual=USUAL_ORDER)
    is_shown, of_any_state = Shown(wanted), Shown(wanted, any_state=True)
    rare = count_each(rare_states(in_range, wanted, counts, TASK_STATES, of_any_state))
    return {
        "now": now,
        "section": "task-runs",
        "filter": wanted,
        "page": shown,
        "sizes": SIZES,
        "rows": [_row(task, now) for task in shown.rows],
        "bars": draw_bars(
            of_shown,
            range_,
            is_shown,
            sentence=f"Task runs by state, {range_.words.lower()}",
            url_of=lambda since, until: url_between(request, since, until),
        ),
        "states": state_chips(wanted, counts, of_shown, TASK_STATES, of_any_state, rare),
        "counted": of_shown.most if of_shown.is_full else None,
        "looked_at": MOST_LOOKED_AT,
        "looked_back_to": newest.since,
        "further_back": url_between(request, range_.since, newest.since) if newest.since else "",
        "range_words": range_.words.lower(),
        "anything_live": any(not task.is_terminal for task in shown.rows),
        "every": milliseconds_between_reads(wanted, range_),
        "is_plain": not wanted.is_narrowed and range_.key == USUAL_RANGE,
    }


def _read_head(request: HttpRequest, wanted: Selection, range_: TimeRange) -> dict[str, Any]:
    return {
        "time_range": range_,
        "warnings": [*wanted.warnings, *range_.warnings],
        "fields": wanted.fields(without=RARE),
        "kept": wanted.kept("range", "from", "to", "tz"),
        "kept_with_range": wanted.kept(),
        "views": list_of_views(request, KIND),
        "views_topic": VIEWS_TOPIC,
        "last_filter": last_filter(request, KIND, wanted),
        "list_kind": KIND,
        "list_query": request.META.get("QUERY_STRING", ""),
    }


def _export(request: HttpRequest, now: datetime) -> HttpResponseBase | None:
    if not asks_for_file(request):
        return None
    tasks = matching_tasks(request.GET, now=now).select_related("flow_run__flow").only(*COLUMNS, "end_time")
    return export_as(request, tasks.iterator(chunk_size=500), EXPORTED, "task-runs")


def _row(task: TaskRun, now: datetime) -> Row:
    place = (task.error_frame or "").partition(",")[0].rsplit("/", 1)[-1]
    words = "" if task.error_words == task.state_name else task.error_words  # the badge says that already
    return Row(
        task=task,
        state_word=word_of(task.state_type, task.state_name),
        seconds=task.estimated_run_time(now) if task.start_time else None,
        running_since=run_clock_start(task, now),
        is_cached=look_of(task.state_type, task.state_name).tone == "cached",
        error=" · ".join(part for part in (words, place) if part),
        log_url=_log_url(task),
    )


def _log_url(task: TaskRun) -> str:
    if task.flow_run_id is None:
        return f"{address_of('task-run', task.pk)}#log"
    query = QueryDict(mutable=True)
    query["task"] = str(task.pk)
    return f"{address_of('flow-run', task.flow_run_id)}?{query.urlencode()}#log"


EXPORTED: Columns = {
    "id": lambda task: task.pk,
    "name": lambda task: task.name,
    "task": lambda task: task.task_key.rsplit("-", 1)[0],
    "state": lambda task: task.state_name,
    "state_type": lambda task: task.state_type,
    "flow_run": lambda task: task.flow_run.name if task.flow_run else "",
    "flow_run_id": lambda task: task.flow_run_id,
    "flow": lambda task: task.flow_run.flow.name if task.flow_run else "",
    "start_time": lambda task: task.start_time,
    "end_time": lambda task: task.end_time,
    "seconds": lambda task: round(task.estimated_run_time(), 3),
    "tries": lambda task: task.run_count,
    "error": lambda task: task.error_words,
    "error_place": lambda task: task.error_frame,
    "tags": lambda task: ", ".join(task.tags),
}
