"""`/deployments/deployment/<id>`: one deployment. Each part of the page is a fragment with its own few queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from inspect import cleandoc
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.beside import triggers_of
from deployments.pages.deployment_form import CATCH_UP
from deployments.pages.grid import COLUMNS, build_grid, read_short_id
from deployments.pages.parameter_rows import parameter_rows
from deployments.pages.schedule_words import schedule_words
from deployments.pages.why import cause_rows
from deployments.pages.why_here import causes_here
from deployments.services.concurrency import own_limit_name
from orchestrator.pages.addresses import address_of
from orchestrator.pages.markdown import render_markdown
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.schema_forms import changes, with_masks
from runs.models import FlowRun, TaskRun

LISTED = 10  # of the last runs, as a table
UPCOMING = 5  # of those planned, in the same table
PLANNED = 50  # that are read: the next one of each schedule is among them
MOST_SCHEDULES = 50
VERSIONS = 8

FRAGMENTS = {name: f"deployments/deployment/{name}.html" for name in ("header", "grid", "runs", "schedules", "facts")}
_COLUMNS = (
    "id", "name", "state", "state_type", "state_name", "state_timestamp", "total_run_time", "start_time", "end_time",
    "expected_start_time", "parameters", "error_type", "error_message", "created", "deployment_id",
)  # fmt: skip


@require_safe
@page
def deployment(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    found = find_deployment(deployment_id)
    if found is None:
        return no_such(request, "deployment", deployment_id)
    now = timezone.now()
    fragment = request.GET.get("fragment")
    context: dict[str, Any] = {"section": "deployments", "deployment": found, "now": now}
    reader = _Reader(found, now, request)
    for name, read in _PARTS.items():
        if fragment in (None, name):
            context |= read(reader)
    return render_page(request, "deployments/deployment.html", context, fragments=FRAGMENTS)


@require_safe
@page
def task_of_grid(request: HttpRequest, short: str) -> HttpResponseBase:
    """From a cell of the grid to what its task logged in that run."""
    task_id = read_short_id(short)
    task = TaskRun.objects.filter(pk=task_id).only("id", "flow_run_id").first() if task_id else None
    if task is None or task.flow_run_id is None:
        return no_such(request, "task run", task_id or short)
    return redirect(f"{address_of('flow-run', task.flow_run_id)}?task={task.pk}#part-logs")


def find_deployment(deployment_id: UUID) -> Deployment | None:
    """With flow, queue, pool and limit."""
    related = ("flow", "work_queue__work_pool", "global_concurrency_limit")
    return Deployment.objects.select_related(*related).filter(pk=deployment_id).first()


class _Reader:
    """Reads what several parts of the page need, each once."""

    def __init__(self, found: Deployment, now: datetime, request: HttpRequest) -> None:
        self.deployment, self.now, self.request = found, now, request
        self._read: dict[str, Any] = {}

    def schedules(self) -> list[DeploymentSchedule]:
        rows = DeploymentSchedule.objects.filter(deployment=self.deployment).order_by("-active", "pk")
        return self._once("schedules", lambda: list(rows[:MOST_SCHEDULES]))

    def upcoming(self) -> list[FlowRun]:
        rows = FlowRun.objects.scheduled().filter(deployment=self.deployment, next_scheduled_start_time__gt=self.now)
        columns = ("id", "name", "next_scheduled_start_time", "created_by", "auto_scheduled")
        soonest = rows.order_by("next_scheduled_start_time").only(*columns)
        return self._once("upcoming", lambda: list(soonest[:PLANNED]))

    def runs(self) -> list[FlowRun]:
        """The last ones, newest first, those planned for later left out."""
        rows = FlowRun.objects.filter(deployment=self.deployment).newest_first().filter(sort_time__lte=self.now)
        return self._once("runs", lambda: list(rows.only(*_COLUMNS)[:COLUMNS]))

    def _once(self, name: str, read: Callable[[], Any]) -> Any:
        if name not in self._read:
            self._read[name] = read()
        return self._read[name]


def _read_header(reader: _Reader) -> dict[str, Any]:
    upcoming = reader.upcoming()
    next_run = upcoming[0].next_scheduled_start_time if upcoming else None
    causes = causes_here(reader.deployment, reader.schedules(), next_run, reader.now)
    last = next((run for run in reader.runs() if run.start_time), None)
    schema = reader.deployment.parameter_openapi_schema or {}
    return {
        "next_run": next_run,
        "causes": cause_rows([cause for cause in causes if cause.code != "deployment_paused"], reader.deployment.pk),
        "is_ready": not causes,
        "last_time": last,
        "last_changes": changes(schema, last.parameters, reader.deployment.parameters) if last else [],
    }


def _read_grid(reader: _Reader) -> dict[str, Any]:
    whole = reader.request.GET.get("grid") == "all"
    return {"grid": build_grid(reader.runs(), reader.now, whole=whole), "is_whole_grid": whole}


def _read_runs(reader: _Reader) -> dict[str, Any]:
    words = {str(one.pk): schedule_words(one.schedule) for one in reader.schedules()}
    makers = [(run, run.created_by or {}) for run in reader.upcoming()[:UPCOMING]]
    return {
        "runs": reader.runs()[:LISTED],
        "upcoming": [(run, words.get(str(by.get("id"))) or by.get("display_value")) for run, by in makers],
    }


def _read_schedules(reader: _Reader) -> dict[str, Any]:
    planned: dict[str, datetime | None] = {}
    for run in reader.upcoming():
        planned.setdefault(str((run.created_by or {}).get("id")), run.next_scheduled_start_time)
    schema = reader.deployment.parameter_openapi_schema
    return {
        "schedules": [
            (
                one,
                schedule_words(one.schedule),
                planned.get(str(one.pk), one.next_time),
                with_masks(schema, one.parameters),
            )
            for one in reader.schedules()
        ]
    }


def _read_facts(reader: _Reader) -> dict[str, Any]:
    found = reader.deployment
    limit = found.global_concurrency_limit
    return {
        "description": render_markdown(cleandoc(found.description)) if found.description else "",
        "parameters": parameter_rows(found.parameter_openapi_schema, found.parameters),
        "catch_up_words": CATCH_UP[found.catch_up_policy],
        "limit_is_shared": limit is not None and limit.name != own_limit_name(found.pk),
        "triggers": triggers_of(found.pk),
        "versions": list(found.versions.newest_first().without_content()[:VERSIONS]),
    }


_PARTS: dict[str, Callable[[_Reader], dict[str, Any]]] = {
    "header": _read_header,
    "grid": _read_grid,
    "runs": _read_runs,
    "schedules": _read_schedules,
    "facts": _read_facts,
}
