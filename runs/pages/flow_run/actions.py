"""What people do with one run: begin it again, end it, let it wait or go on, correct its state, tag it, delete it."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from orchestrator.contract.states import State, StateType, Status
from orchestrator.pages.actions import action, confirm, done, reason_given, refused
from orchestrator.pages.page import no_such
from runs.errors import RunNotFound
from runs.models import FlowRun
from runs.orchestration.transition import RunKind
from runs.services.flow_runs import delete_flow_run, update_flow_run
from runs.services.resuming import resume_flow_run
from runs.services.retrying import NotRetried, retry_flow_run
from runs.services.transitions import Answer, propose_state

PAGE = "runs:flow-run"
MOST_TAGS = 50
LONGEST_TAG = 200  # characters
CORRECTIONS = {
    "COMPLETED": "Completed",
    "FAILED": "Failed",
    "CANCELLED": "Cancelled",
    "CRASHED": "Crashed",
}


@action
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Ask for the run's end. What executes it is told at its next sign of life."""
    proposal = State(StateType.CANCELLING, message=f"Cancelled on the run's page{_by(request)}.")
    return _propose(request, run_id, proposal, told="The run is asked to stop.", refusal="The run was not cancelled")


@action
def retry(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Begin a run again that has ended."""
    try:
        answer = retry_flow_run(flow_run_id=run_id, message=f"Retried on the run's page{_by(request)}.")
    except RunNotFound:
        return no_such(request, "flow run", run_id)
    except NotRetried as error:
        return refused(request, f"The run was not retried: {error}", PAGE, run_id)
    return _tell(request, run_id, answer, told="The run is scheduled again.", refusal="The run was not retried")


@action
def pause(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Let a run's process leave it, until somebody resumes it."""
    run = FlowRun.objects.only("name").filter(id=run_id).first()
    if run is None:
        return no_such(request, "flow run", run_id)
    asked = confirm(
        request,
        title=f"Pause {run.name}",
        sentence="Its process leaves it as soon as the tasks under way have ended. Resumed, its code begins anew; "
        "tasks whose results are kept are not run again.",
        button="Pause the run",
        back=reverse(PAGE, args=[run_id]),
        reason=True,
    )
    if asked:
        return asked
    details = {"pause_reschedule": True, "pause_key": str(uuid4())}
    message = reason_given(request) or f"Paused on the run's page{_by(request)}."
    proposal = State(StateType.PAUSED, name="Suspended", message=message, details=details)
    return _propose(request, run_id, proposal, told="The run is paused.", refusal="The run was not paused")


@action
def resume(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Let a paused run go on that asks for nothing."""
    try:
        answer = resume_flow_run(flow_run_id=run_id)
    except RunNotFound:
        return no_such(request, "flow run", run_id)
    return _tell(request, run_id, answer, told="The run goes on.", refusal="The run was not resumed")


@action
def set_state(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Write a final state by force, as when what the run was for was done by hand."""
    wanted = request.POST.get("state", "")
    if wanted not in CORRECTIONS:
        return refused(request, "No state was chosen, so nothing was changed.", PAGE, run_id)
    message = reason_given(request) or f"Set on the run's page{_by(request)}."
    word = CORRECTIONS[wanted]
    proposal = State(StateType(wanted), message=message)
    return _propose(request, run_id, proposal, force=True, told=f"The run is {word}.", refusal=f"It is not {word}")


@action
def set_tags(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    tags = list(dict.fromkeys(tag.strip()[:LONGEST_TAG] for tag in request.POST.get("tags", "").split(",")))
    tags = [tag for tag in tags if tag]
    if len(tags) > MOST_TAGS:
        return refused(request, f"A run has at most {MOST_TAGS} tags here; nothing was changed.", PAGE, run_id)
    try:
        update_flow_run(flow_run_id=run_id, changes={"tags": tags})
    except RunNotFound:
        return no_such(request, "flow run", run_id)
    return done(request, f"Its tags are now: {', '.join(tags)}." if tags else "It has no tags now.", PAGE, run_id)


@action
def delete(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    run = FlowRun.objects.only("name", "state_name", "state_type").filter(id=run_id).first()
    if run is None:
        return no_such(request, "flow run", run_id)
    running = "" if run.is_terminal else " What executes it is not stopped by that: cancel it first."
    asked = confirm(
        request,
        title=f"Delete {run.name}",
        sentence=f"The run goes for good, with its log, its task runs and what they made.{running}",
        button="Delete the run",
        back=reverse(PAGE, args=[run_id]),
        rows=[("Run", run.name), ("State", run.state_name or "none")],
    )
    if asked:
        return asked
    try:
        delete_flow_run(flow_run_id=run_id)
    except RunNotFound:
        return no_such(request, "flow run", run_id)
    return done(request, f"The run {run.name} is deleted.", "runs:list")


def _propose(
    request: HttpRequest, run_id: UUID, proposal: State, *, told: str, refusal: str, force: bool = False
) -> HttpResponseBase:
    try:
        answer = propose_state(kind=RunKind.FLOW_RUN, run_id=run_id, proposal=proposal, force=force)
    except RunNotFound:
        return no_such(request, "flow run", run_id)
    return _tell(request, run_id, answer, told=told, refusal=refusal)


def _tell(request: HttpRequest, run_id: UUID, answer: Answer, *, told: str, refusal: str) -> HttpResponseBase:
    if answer.status is Status.ACCEPT:
        return done(request, told, PAGE, run_id)
    reason = answer.reason or "its state does not allow it."
    if answer.written and answer.state is not None:
        return done(request, f"The run is {answer.state.name}: {reason}", PAGE, run_id)
    return refused(request, f"{refusal}: {reason}", PAGE, run_id)


def _by(request: HttpRequest) -> str:
    return f" by {request.user.get_username()}" if request.user.is_authenticated else ""
