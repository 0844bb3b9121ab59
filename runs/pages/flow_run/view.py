"""`/runs/flow-run/<id>`: one flow run. Each part of the page is a fragment with its own few queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.shared_parts import shared_parts
from runs.pages.flow_run.facts import read_facts
from runs.pages.flow_run.header import read_header
from runs.pages.flow_run.logs import about_log, read_logs
from runs.pages.flow_run.subject import Subject, find_subject
from runs.pages.flow_run.tasks import read_tasks

Read = Callable[[HttpRequest, Subject], dict[str, Any]]

# In this order: what one part has read, the next ones use.
PARTS: dict[str, Read] = {"tasks": read_tasks, "header": read_header, "facts": read_facts, "logs": read_logs}
FRAGMENTS = {name: f"runs/flow_run/{name}.html" for name in PARTS}


@require_safe
@page
@shared_parts
def flow_run(request: HttpRequest, run_id: UUID, view: str = "") -> HttpResponseBase:
    subject = find_subject(run_id, view=view)
    if subject is None:
        return no_such(request, "flow run", run_id)
    fragment = request.GET.get("fragment")
    answered = about_log(request, subject)
    if answered is not None:
        return answered
    context = frame_of(subject)
    for name, read in PARTS.items():
        if fragment in (None, name):
            context |= read(request, subject)
    return render_page(request, "runs/flow_run.html", context, fragments=FRAGMENTS)


def frame_of(subject: Subject) -> dict[str, Any]:
    """What every page about the run shows around its own part."""
    return {
        "section": "runs",
        "run": subject.run,
        "now": subject.now,
        "is_live": not subject.run.is_terminal,
    }
