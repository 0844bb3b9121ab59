"""The pages below a run's own: what it was given and gave back, what it went through, what it made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.schema_forms import with_masks
from runs.models import Artifact, FlowRunState, TaskRun
from runs.pages.flow_run.subject import MOST_STATES, Subject, find_subject
from runs.pages.flow_run.view import frame_of
from runs.pages.parameters import shown_parameters

MOST_ARTIFACTS = 200
MOST_RESULTS = 100


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter, and what its deployment says instead, where that is something else."""

    name: str
    value: Any
    usual: Any
    differs: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A state of the run, and for how many seconds it was in it; None while it still is."""

    state: FlowRunState
    seconds: float | None


def _section(name: str, title: str) -> Callable[[Callable[[Subject], dict[str, Any]]], Callable[..., HttpResponseBase]]:
    def decorate(read: Callable[[Subject], dict[str, Any]]) -> Callable[..., HttpResponseBase]:
        @require_safe
        @page
        def view(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
            subject = find_subject(run_id)
            if subject is None:
                return no_such(request, "flow run", run_id)
            context = frame_of(subject) | {"part": name, "part_title": title} | read(subject)
            template = f"runs/flow_run/{name}.html"
            return render_page(request, "runs/flow_run/section.html", context | {"part_template": template})

        return view

    return decorate


@_section("params", "Parameters and results")
def params(subject: Subject) -> dict[str, Any]:
    run = subject.run
    usual = (run.deployment.parameters if run.deployment else None) or {}
    shown = shown_parameters(run)
    shown_usual = with_masks(run.deployment.parameter_openapi_schema, usual) if run.deployment else {}
    given = [
        Given(name, shown[name], shown_usual.get(name), name in usual and usual[name] != value)
        for name, value in run.parameters.items()
    ]
    results = Artifact.objects.filter(flow_run_id=run.id, type="result").order_by("id")
    return {
        "given": given,
        "result": (run.state or {}).get("data"),
        "results": list(results.only("id", "key", "data", "created", "task_run_id", "description")[:MOST_RESULTS]),
        "others": [
            (words, value)
            for words, value in (
                ("Job variables", run.job_variables),
                ("Retries and pauses", run.empirical_policy),
                ("Labels", run.labels),
                ("Context", run.context),
            )
            if value
        ],
    }


@_section("history", "State history")
def history(subject: Subject) -> dict[str, Any]:
    states = subject.states[-MOST_STATES:]
    ends: list[datetime | None] = [*(state.timestamp for state in states[1:]), None]
    steps = [
        Step(state, (end - state.timestamp).total_seconds() if end else None)
        for state, end in zip(states, ends, strict=False)
    ]
    return {
        "steps": steps,
        "left_out": len(subject.states) > MOST_STATES,
        "most_states": MOST_STATES,
        "claims": subject.claims,
    }


@_section("artifacts", "Artifacts")
def artifacts(subject: Subject) -> dict[str, Any]:
    found = Artifact.objects.filter(flow_run_id=subject.run.id, type__isnull=False).exclude(type="result")
    columns = ("id", "key", "type", "description", "created", "task_run_id")
    rows = list(found.only(*columns).order_by("-id")[: MOST_ARTIFACTS + 1])
    tasks = TaskRun.objects.filter(id__in={row.task_run_id for row in rows if row.task_run_id})
    names = dict(tasks.values_list("id", "name"))
    return {
        "rows": [(row, names.get(row.task_run_id, "") if row.task_run_id else "") for row in rows[:MOST_ARTIFACTS]],
        "left_out": len(rows) > MOST_ARTIFACTS,
        "most_artifacts": MOST_ARTIFACTS,
    }
