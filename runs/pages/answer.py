"""What a paused run asks: its form on the page of the run, and the answer with which the run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from orchestrator.contract.states import StateType, Status
from orchestrator.pages.actions import done, forbidden, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.markdown import render_markdown
from orchestrator.pages.page import no_such, page
from orchestrator.pages.roles import may
from orchestrator.pages.schema_forms import Answer, Form, build_form, read_form
from orchestrator.store.services.block_choices import block_choices
from orchestrator.store.services.hydration import hydrate_for_checking
from runs.models import FlowRun, FlowRunInput
from runs.services.resuming import resume_flow_run

PREFIX = "answer"


@dataclass(frozen=True, slots=True)
class Question:
    """`name` changes with each pause, so that a page tells two questions of one run apart."""

    name: str
    schema: dict[str, Any]
    description: str  # of the flow's author, as HTML; empty for none
    form: Form
    address: str  # where the answer is posted


def question_of(run: FlowRun, answer: Answer | None = None) -> Question | None:
    """What the run waits to be told, in one query; None when it waits for nothing that has a form."""
    state = run.current_state
    if state is None or state.type is not StateType.PAUSED:
        return None
    keyset = state.details.get("run_input_keyset") or {}
    keys = [key for key in (keyset.get("schema"), keyset.get("description")) if key]
    found = dict(FlowRunInput.objects.filter(flow_run=run, key__in=keys).values_list("key", "value")) if keys else {}
    schema = _loaded(found.get(keyset.get("schema", "")))
    if not isinstance(schema, dict):
        return None
    description = found.get(keyset.get("description", ""), "")
    told = _loaded(description)
    words = told if isinstance(told, str) else description if told is None else ""
    return Question(
        name=f"question-{state.id}",
        schema=schema,
        description=render_markdown(words) if words else "",
        form=build_form(schema, prefix=PREFIX, blocks=block_choices(), answer=answer),
        address=reverse("runs:answer", args=[run.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page
def answer(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """The question alone, also with what is wrong with an answer; a good one lets the run go on."""
    if not may(request, "operate"):
        return forbidden(request)
    run = FlowRun.objects.select_related("flow").filter(pk=run_id).first()
    if run is None:
        return no_such(request, "flow run", run_id)
    back = address_of("flow-run", run_id)
    question = question_of(run)
    if question is None:
        return refused(request, "The run asks for nothing any more.", back)
    if request.method != "POST":
        return _page(request, run, question)
    given = read_form(question.schema, request.POST, PREFIX, filled=hydrate_for_checking)
    if not given.is_good:
        return _page(request, run, question_of(run, given), status=422 if given.wants == "submit" else 200)
    outcome = resume_flow_run(flow_run_id=run_id, run_input=given.values)
    if outcome.status is Status.ACCEPT:
        return done(request, "The run goes on with your answer.", back)
    reason = outcome.reason or "its state does not allow it."
    return _page(request, run, question_of(run, given), refused=reason, status=422)


def _page(
    request: HttpRequest, run: FlowRun, question: Question | None, *, refused: str = "", status: int = 200
) -> HttpResponseBase:
    context = {"section": "runs", "run": run, "question": question, "refused": refused}
    return render(request, "forms/answer.html", context, status=status)


def _loaded(text: str | None) -> Any:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None
