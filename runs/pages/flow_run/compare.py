"""`/runs/flow-run/<id>/compare?with=<id>`: two runs of one flow side by side, with the differences in words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.looks import look_of
from orchestrator.pages.page import no_such, page, render_page
from runs.models import FlowRun
from runs.pages.flow_run.differences import compare_facts, compare_parameters, compare_tasks, first_difference
from runs.pages.flow_run.subject import Subject, find_subject
from runs.pages.flow_run.view import frame_of


@require_safe
@page
def compare(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    subject = find_subject(run_id)
    if subject is None:
        return no_such(request, "flow run", run_id)
    wanted = request.GET.get("with", "").strip()
    other = _other(subject, wanted)
    context = frame_of(subject) | {
        "part": "compare",
        "part_title": "Compare",
        "other": other,
        "wanted": wanted,
        "choices": _choices(subject, other),
        "other_flow": other is not None and other.flow_id != subject.run.flow_id,
    }
    if other is not None:
        tasks = compare_tasks(subject.run, other)
        context |= {
            "facts": compare_facts(subject.run, other, subject.now),
            "parameters": compare_parameters(subject.run, other),
            "tasks": tasks,
            "first": first_difference(tasks),
        }
    return render_page(request, "runs/flow_run/section.html", context | {"part_template": "runs/flow_run/compare.html"})


def _other(subject: Subject, wanted: str) -> FlowRun | None:
    """The run that the address names, else the last success before this one; None where there is no such run."""
    runs = FlowRun.objects.select_related("flow", "deployment")
    if not wanted:
        last = subject.last_success
        return runs.filter(id=last.id).first() if last else None
    try:
        identifier = UUID(wanted)
    except ValueError:
        return None
    return runs.filter(id=identifier).exclude(id=subject.run.id).first()


def _choices(subject: Subject, other: FlowRun | None) -> list[dict[str, Any]]:
    recent = [one for one in reversed(subject.recent) if one.id != subject.run.id]
    if other is not None and all(one.id != other.id for one in recent):
        recent.insert(0, other)
    return [
        {
            "id": one.id,
            "words": f"{one.name}, {look_of(one.state_type, one.state_name).word}",
            "when": one.start_time,
            "is_on": other is not None and one.id == other.id,
        }
        for one in recent
    ]
