"""`/runs/`: the flow runs, newest first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.contract.times import format_time
from orchestrator.pages.export import Columns, asks_for_file, export_as
from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.keyset import SIZES
from orchestrator.pages.last_filter import last_filter, remember_filter
from orchestrator.pages.page import page, render_page
from orchestrator.pages.saved_views import address_meant, list_of_views
from orchestrator.pages.time_range import TimeRange, url_between
from runs.models import FlowRun
from runs.models.flow_runs import FlowRunQuerySet
from runs.pages.newest import MOST_LOOKED_AT
from runs.pages.opening_runs import PLANNED, count_with_planned, runs_asked_for
from runs.pages.parameters import shown_parameters
from runs.pages.run_columns import all_columns, chosen_columns, read_cells
from runs.pages.run_counts import Counts, Group, capped_words, count_each, draw_bars
from runs.pages.run_filter import (
    RARE,
    STATES,
    TERMS,
    USUAL_RANGE,
    matching_runs,
    milliseconds_between_reads,
    read_range,
    read_run_filter,
    shows_subflows,
)
from runs.pages.run_rows import make_rows, run_clock_start
from runs.pages.state_chips import Shown, state_chips

__all__ = ["run_clock_start", "run_list"]

VIEWS_TOPIC = "runs"  # what changes the counters of views
KIND = "runs"


@require_safe
@page
def run_list(request: HttpRequest) -> HttpResponseBase:
    fragment = request.GET.get("fragment")
    if fragment == "views":
        part = {
            "filter": read_run_filter(request, timezone.now()),
            "views": list_of_views(request, KIND, count=_count_view),
            "views_topic": VIEWS_TOPIC,
        }
        return render_page(request, "runs/list.html", part, fragments={"views": "views/chips.html"})
    if fragment is None and (elsewhere := address_meant(request, KIND, TERMS)):
        return redirect(elsewhere)
    now = timezone.now()
    wanted, range_ = read_run_filter(request, now), read_range(request.GET, now)
    if file := _export(request, now):
        return file
    context = _read_runs(request, wanted, range_, now)
    if fragment is None:
        context |= _read_head(request, wanted, range_, context["counts"])
    answer = render_page(request, "runs/list.html", context, fragments={"runs": "runs/list_rows.html"})
    return answer if fragment else remember_filter(request, answer, KIND, wanted)


def _read_runs(request: HttpRequest, wanted: Selection, range_: TimeRange, now: datetime) -> dict[str, Any]:
    """The part of the page that changes while one looks, and what is planned beside it: seven queries at most."""
    runs = runs_asked_for(request.GET, wanted, range_, now)
    counts, of_shown = runs.count()
    shown = runs.page()
    rows = make_rows(shown.rows, now)
    columns = chosen_columns(request.GET)
    if columns:
        cells = read_cells(shown.rows, columns, now)
        rows = [replace(row, cells=cells.get(row.run.pk, ())) for row in rows]
    with_subflows = shows_subflows(request.GET)
    is_shown, of_any_state = Shown(wanted, with_subflows), Shown(wanted, with_subflows, any_state=True)
    rare = runs.of_rare_states(counts)
    is_part = wanted.is_narrowed or "fragment" in request.GET
    exactly = count_each(rare) if is_part else count_with_planned(rare, now)
    return {
        "now": now,
        "seen": format_time(now),
        "section": "runs",
        "filter": wanted,
        "counts": (counts, of_shown),
        "page": shown,
        "sizes": SIZES,
        "rows": rows,
        "columns": columns,
        "bars": draw_bars(
            of_shown,
            range_,
            is_shown,
            sentence=f"Runs by state, {range_.words.lower()}",
            url_of=lambda since, until: url_between(request, since, until),
        ),
        "states": state_chips(wanted, counts, of_shown, STATES, of_any_state, exactly),
        "planned": exactly.get(PLANNED, 0),
        "planned_words": capped_words(exactly.get(PLANNED, 0)),
        "matching_words": of_shown.words(of_shown.of(is_shown)),
        "counted": of_shown.most if of_shown.is_full else None,
        "looked_at": MOST_LOOKED_AT,
        "looked_back_to": runs.looked_back_to,
        "further_back": url_between(request, range_.since, runs.looked_back_to) if runs.looked_back_to else "",
        "range_words": range_.words.lower(),
        "anything_live": any(not run.is_terminal for run in shown.rows),
        "every": milliseconds_between_reads(wanted, range_),
        "is_plain": not wanted.is_narrowed and range_.key == USUAL_RANGE,
    }


def _read_head(
    request: HttpRequest, wanted: Selection, range_: TimeRange, counts: tuple[Counts, ...]
) -> dict[str, Any]:
    """What stands above that part: the filter in all its forms, the views, what is left out."""
    columns = chosen_columns(request.GET)
    subflows = max(counts, key=lambda each: each.of(_is_subflow))
    return {
        "time_range": range_,
        "warnings": [*wanted.warnings, *range_.warnings],
        "fields": wanted.fields(without=RARE),
        "kept": wanted.kept("range", "from", "to", "tz"),
        "kept_with_range": wanted.kept(),
        "kept_for_columns": [(key, text) for key, texts in request.GET.lists() if key != "cols" for text in texts],
        "all_columns": all_columns(columns),
        "with_subflows": shows_subflows(request.GET),
        "subflows_number": subflows.of(_is_subflow),
        "subflows": subflows.words(subflows.of(_is_subflow)),
        "views": list_of_views(request, KIND),
        "views_topic": VIEWS_TOPIC,
        "last_filter": last_filter(request, KIND, wanted),
        "list_kind": KIND,
        "list_query": request.META.get("QUERY_STRING", ""),
    }


def _is_subflow(group: Group) -> bool:
    return group.is_subflow


def _count_view(query: QueryDict, now: datetime) -> FlowRunQuerySet:
    return matching_runs(query, now=now)


def _export(request: HttpRequest, now: datetime) -> HttpResponseBase | None:
    if not asks_for_file(request):
        return None
    runs = matching_runs(request.GET, now=now).select_related("flow", "deployment").defer("context", "job_variables")
    return export_as(request, runs.iterator(chunk_size=500), EXPORTED, "flow-runs")


EXPORTED: Columns = {
    "id": lambda run: run.pk,
    "name": lambda run: run.name,
    "state": lambda run: run.state_name,
    "state_type": lambda run: run.state_type,
    "flow": lambda run: run.flow.name,
    "deployment": lambda run: _name_of(run, "deployment"),
    "expected_start_time": lambda run: run.expected_start_time,
    "start_time": lambda run: run.start_time,
    "end_time": lambda run: run.end_time,
    "seconds": lambda run: round(run.estimated_run_time(), 3),
    "tries": lambda run: run.run_count,
    "error": lambda run: run.error_words,
    "error_place": lambda run: run.error_frame,
    "parameters": shown_parameters,
    "tags": lambda run: ", ".join(run.tags),
}


def _name_of(run: FlowRun, related: str) -> str:
    found: Any = getattr(run, related) if getattr(run, f"{related}_id") else None
    return found.name if found is not None else ""
