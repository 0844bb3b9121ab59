"""What went wrong with a run, and how that stands to the runs before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.urls import reverse

from orchestrator.contract.states import StateType
from orchestrator.pages.charts.sparkline import Mark, Sparkline, sparkline
from orchestrator.pages.looks import look_of
from orchestrator.pages.words import duration_words
from runs.models import FlowRun, Heartbeat, Log
from runs.pages.failures import Failure, failure_of
from runs.pages.flow_run.crashes import crash_words
from runs.pages.flow_run.subject import Subject
from runs.services.failures.columns import BAD_ENDS

MOST_ALIKE = 1_000  # runs with the same error that are counted
ALIKE_FOR = timedelta(days=7)
LAST_LINES = 5  # of a run that crashed without an error in its log


@dataclass(frozen=True, slots=True)
class History:
    """The runs before: how they ended, how often in the same way, and the last one that did not."""

    bars: Sparkline
    failed: int
    of: int
    name: str  # the deployment's, or the flow's
    alike: str  # how many runs had the same error, this one included; empty where it is alone
    alike_since: datetime | None
    last_success: FlowRun | None


@dataclass(frozen=True, slots=True)
class FailureCard:
    failure: Failure
    tone: str
    history: History | None


def read_failure(subject: Subject) -> FailureCard | None:
    """None unless the run failed or crashed."""
    run = subject.run
    task = subject.task(run.failing_task_run_id) if run.failing_task_run_id else None
    failure = failure_of(run, task)
    if failure is None:
        return None
    if task is not None and task.flow_run_id not in (None, run.id):
        failure = replace(failure, inside=FlowRun.objects.only("id", "name").filter(id=task.flow_run_id).first())
    if run.state_type == StateType.CRASHED:
        claims = subject.likely_claims
        heartbeat: Heartbeat | None = None if claims else getattr(run, "heartbeat", None)
        failure = replace(failure, words=crash_words(run, claims, heartbeat))
        if failure.log_id is None:
            failure = replace(failure, last_lines=_last_lines(run))
    elif run.state_name == "TimedOut":
        failure = replace(failure, words=[f"It had run for {duration_words(run.total_run_time)} by then."])
    return FailureCard(failure=failure, tone=str(run.state_type).lower(), history=_history(subject))


def _last_lines(run: FlowRun) -> list[Log]:
    return list(Log.objects.filter(flow_run_id=run.id).order_by("-timestamp", "-id")[:LAST_LINES])[::-1]


def _history(subject: Subject) -> History | None:
    run, runs = subject.run, subject.recent
    failed = sum(one.state_type in BAD_ENDS for one in runs)
    name = run.deployment.name if run.deployment else run.flow.name
    sentence = f"{failed} of the last {len(runs)} runs of {name} failed"
    alike, since = _alike(run)
    return History(
        bars=sparkline([_mark(one) for one in runs], sentence=sentence),
        failed=failed,
        of=len(runs),
        name=name,
        alike=alike,
        alike_since=since,
        last_success=subject.last_success,
    )


def _mark(run: FlowRun) -> Mark:
    look = look_of(run.state_type, run.state_name)
    took = duration_words(run.total_run_time) if run.start_time else "not begun"
    url = reverse("runs:flow-run", args=[run.id])
    return Mark(look.tone, run.total_run_time, url=url, title=f"{run.name}: {look.word}, {took}")


def _alike(run: FlowRun) -> tuple[str, datetime | None]:
    """How many runs of the last week ended with the same error, in words, and when the first of them did."""
    if not run.error_fingerprint or run.end_time is None:
        return "", None
    same = FlowRun.objects.filter(error_fingerprint=run.error_fingerprint, end_time__gte=run.end_time - ALIKE_FOR)
    ends = list(same.order_by("-end_time").values_list("end_time", flat=True)[: MOST_ALIKE + 1])
    if len(ends) < 2:
        return "", None
    return f"{min(len(ends), MOST_ALIKE):,}{'+' if len(ends) > MOST_ALIKE else ''} runs", ends[-1]
