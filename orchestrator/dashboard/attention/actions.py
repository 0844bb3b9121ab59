"""What can be done on a row of *Needs attention* that no page of its own does. Through the services of the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from deployments.errors import DeploymentsError
from deployments.models import WorkPool
from deployments.pages.pauses import author_on_pages
from deployments.pages.pool_rows import runs_words
from deployments.services.deployments import pause_deployment as pause
from deployments.services.deployments import resume_deployment as resume
from orchestrator.contract.states import State, StateType
from orchestrator.dashboard.attention.failures import MOST_RETRIED, read_failing
from orchestrator.dashboard.attention.snoozing import SPANS, snooze, wake_all
from orchestrator.dashboard.overview.ranges import range_named
from orchestrator.pages.actions import action, confirm, done, reason_given, refused
from orchestrator.pages.page import no_such
from runs.errors import RunNotFound
from runs.models import FlowRun
from runs.orchestration.transition import RunKind
from runs.services.retrying import NotRetried, retry_flow_run
from runs.services.transitions import propose_state

HOME = "dashboard:overview"
MOST_CANCELLED = 200  # runs that one request ends


@action
def retry(request: HttpRequest) -> HttpResponseBase:
    """Begin some failed runs again, once it was shown which."""
    identifiers = [*_identifiers(request.POST.getlist("run")), *_failing(request)][:MOST_RETRIED]
    runs = list(
        FlowRun.objects.filter(pk__in=identifiers).select_related("flow").only("name", "state_name", "flow__name")
    )
    if not runs:
        return refused(request, "These runs are gone, so none was retried.", HOME)
    if len(runs) > 1:
        question = confirm(
            request,
            title=f"Retry {runs_words(len(runs))}",
            sentence="Each is scheduled anew for now, under its name. Tasks whose results were kept are not run again.",
            button=f"Retry {runs_words(len(runs))}",
            back=reverse(HOME),
            rows=[(run.name, f"{run.flow.name}, {run.state_name}") for run in runs],
        )
        if question is not None:
            return question
    refusals = [refusal for run in runs if (refusal := _retried(run, _by(request)))]
    if len(refusals) == len(runs):
        return refused(request, f"None was retried. {refusals[0]}", HOME)
    left = f" {runs_words(len(refusals))} could not be: {refusals[0]}" if refusals else ""
    return done(request, f"{runs_words(len(runs) - len(refusals))} scheduled again.{left}", HOME)


@action
def cancel_waiting(request: HttpRequest) -> HttpResponseBase:
    """End the runs of a pool that are due and that nobody began."""
    pool = WorkPool.objects.only("name").filter(pk__in=_identifiers(request.POST.getlist("pool"))).first()
    if pool is None:
        return no_such(request, "work pool")
    waiting = FlowRun.objects.due(timezone.now()).filter(work_queue__work_pool=pool)
    runs = list(
        waiting.order_by("next_scheduled_start_time").only("name", "next_scheduled_start_time")[:MOST_CANCELLED]
    )
    if not runs:
        return refused(request, f"No run waits in {pool.name} any more.", HOME)
    question = confirm(
        request,
        title=f"Cancel {runs_words(len(runs))} of {pool.name}",
        sentence="They are due and nobody has begun them. Cancelled, they never begin; their schedules go on planning.",
        button=f"Cancel {runs_words(len(runs))}",
        back=reverse(HOME),
        rows=[("The oldest", ", ".join(run.name for run in runs[:5]))],
        reason=True,
    )
    if question is not None:
        return question
    message = reason_given(request) or f"Cancelled on the overview{_by(request)}: no worker had begun it."
    cancelled = sum(_cancelled(run.pk, message) for run in runs)
    return done(request, f"{runs_words(cancelled)} of {pool.name} cancelled.", HOME)


@action
def pause_deployment(request: HttpRequest) -> HttpResponseBase:
    return _switch(request, is_pause=True)


@action
def resume_deployment(request: HttpRequest) -> HttpResponseBase:
    return _switch(request, is_pause=False)


@action(needs="read")
def snooze_cause(request: HttpRequest) -> HttpResponseBase:
    """Everybody may: it changes only what this reader is shown."""
    key = request.POST.get("key", "")[:200]
    words, span = SPANS.get(request.GET.get("for", ""), SPANS["1h"])
    if not key:
        return refused(request, "Nothing was snoozed: the form names no cause.", HOME)
    now = timezone.now()
    snooze(user_id=request.user.pk, key=key, until=now + span, now=now)
    return done(request, f"You are not told of it for {words}.", HOME)


@action(needs="read")
def wake(request: HttpRequest) -> HttpResponseBase:
    wake_all(user_id=request.user.pk)
    return done(request, "Everything that needs attention is shown again.", HOME)


def _switch(request: HttpRequest, *, is_pause: bool) -> HttpResponseBase:
    identifier = next(_identifiers(request.POST.getlist("deployment")), None)
    if identifier is None:
        return no_such(request, "deployment")
    try:
        if is_pause:
            deployment = pause(deployment_id=identifier, author=author_on_pages(request))
        else:
            deployment = resume(deployment_id=identifier)
    except DeploymentsError:
        return no_such(request, "deployment", identifier)
    words = "is paused: its schedules plan no more runs" if is_pause else "goes on: its schedules plan runs again"
    return done(request, f"{deployment.name} {words}.", HOME)


def _failing(request: HttpRequest) -> Iterator[UUID]:
    """The runs behind a row: those of a deployment, or flow, that no success followed."""
    key = request.POST.get("failing", "")
    if key:
        since = timezone.now() - range_named(request.GET.get("range", "")).span
        for failing in read_failing(since, request.GET.get("tag", "")):
            if failing.key == key:
                yield from failing.runs


def _retried(run: FlowRun, by: str) -> str:
    """Why not; empty if it was."""
    try:
        answer = retry_flow_run(flow_run_id=run.pk, message=f"Retried on the overview{by}.")
    except RunNotFound:
        return "It was deleted."
    except NotRetried as error:
        return str(error)
    return "" if answer.written else answer.reason or "Its state does not allow it."


def _cancelled(run_id: UUID, message: str) -> bool:
    try:
        answer = propose_state(
            kind=RunKind.FLOW_RUN, run_id=run_id, proposal=State(StateType.CANCELLED, message=message)
        )
    except RunNotFound:
        return False
    return answer.written and answer.state is not None and answer.state.type is StateType.CANCELLED


def _identifiers(texts: Iterable[str]) -> Iterator[UUID]:
    """One field may name several, with commas between them."""
    for text in ",".join(texts).split(","):
        try:
            yield UUID(text)
        except ValueError:
            continue


def _by(request: HttpRequest) -> str:
    return f" by {request.user.get_username()}" if request.user.is_authenticated else ""
