"""What task runs can be filtered by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, QueryDict

from orchestrator.pages.filters import terms
from orchestrator.pages.filters.selection import Selection, read_selection
from orchestrator.pages.filters.terms import (
    Asked,
    Term,
    first_values,
    identifier_begins,
    named,
    number,
    one_of,
    text_matches,
)
from orchestrator.pages.time_range import TimeRange
from runs.models import Flow, FlowRun, TaskRun, TaskRunTag
from runs.pages.newest import Newest, newest_matching
from runs.pages.run_filter import DEPLOYMENTS, SOON, STATES, lasted, name_contains, started, tagged, went_wrong_with

USUAL_RANGE = "24h"
TASK_STATES = {**STATES, "cached": Q(state_name="Cached")}


def _of_task(asked: Asked) -> Q:
    """The task's name, which its key begins with; `*` stands for anything."""
    pattern = asked.text
    return text_matches("task_key", pattern) | text_matches("task_key", f"{pattern}-*")


def _by_its_run(match: Callable[[Asked], Q]) -> Callable[[Asked], Q]:
    """What `match` asks of flow runs, asked of their tasks: of a few runs by an index, else task by task."""

    def of_task(asked: Asked) -> Q:
        runs = FlowRun.objects.filter(match(asked))
        if len(ids := first_values(runs)) <= terms.MOST_NAMED:
            return Q(flow_run__in=ids)
        return Q(Exists(runs.filter(pk=OuterRef("flow_run"))))

    return of_task


TERMS = (
    Term("state", "State", one_of(TASK_STATES), choices=tuple(TASK_STATES)),
    Term("task", "Task", _of_task, "* for anything", reads_all=True),
    Term("flow", "Flow", _by_its_run(named(Flow.objects, "flow")), "* for anything"),
    Term("run", "Flow run", named(FlowRun.objects, "flow_run", none=True, exactly_first=True), "a name, or none"),
    Term("deployment", "Deployment", _by_its_run(named(DEPLOYMENTS, "deployment"))),
    Term("tag", "Tag", tagged(TaskRunTag.objects, "task_run"), together=True),
    Term("dur", "Duration", lasted, ">5m", together=True, reads_all=True),
    Term("started", "Started", started, "<2h", together=True),
    Term("error", "Error", went_wrong_with, "part of its text", reads_all=True),
    Term("fingerprint", "Kind of error", lambda asked: Q(error_fingerprint=asked.text)),
    Term("tries", "Tries", number("run_count"), ">1", together=True, reads_all=True),
    Term("id", "Identifier", identifier_begins("id")),
)
RARE = ("fingerprint", "id")
WORDS = Term("q", "Name or id", name_contains, together=True, reads_all=True)


def read_task_filter(request: HttpRequest, now: datetime) -> Selection:
    return read_selection(request.GET, request.path, TERMS, WORDS, now=now)


def read_range(query: QueryDict, now: datetime) -> TimeRange:
    return TimeRange.from_query(query, USUAL_RANGE, now=now)


def tasks_in_range(wanted: Selection, range_: TimeRange, sort: str, now: datetime) -> Newest:
    """The task runs that match in everything but their state, each with its `sort_time`, newest first."""
    tasks = TaskRun.objects.newest_first()
    if range_.since is not None:
        tasks = tasks.filter(sort_time__gte=range_.since)
    if range_.until is not None:
        tasks = tasks.filter(sort_time__lt=range_.until)
    else:
        tasks = tasks.filter(sort_time__lte=now + SOON)
    return newest_matching(tasks, wanted, sort)


def matching_tasks(query: QueryDict, path: str = "", *, now: datetime) -> QuerySet[Any]:
    """All task runs that an address of the list shows, on all its pages."""
    wanted = read_selection(query, path, TERMS, WORDS, now=now)
    found = tasks_in_range(wanted, read_range(query, now), query.get("sort", ""), now)
    rows: QuerySet[Any] = found.rows.filter(wanted.by_term.get("state", Q()))
    return rows
