"""*Why is it not running?*: the causes that hold a run up, with what ends each, on the run's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from deployments.services.why.causes import explain
from deployments.services.why.explanation import Cause, Explanation, Holder, Subject
from deployments.services.why.facts import read_situation_of
from deployments.services.why.facts_of_task_runs import read_task_situation
from deployments.services.why.of_task_runs import explain_task_run
from orchestrator.contract.states import StateType
from orchestrator.pages.addresses import address_of
from orchestrator.pages.looks import look_of
from runs.errors import RunNotFound
from runs.models import FlowRun, TaskRun
from runs.models.concurrency_limits import DEPLOYMENT_PREFIX

_TITLES = {
    StateType.PAUSED: "It waits to be resumed",
    StateType.CANCELLING: "It is being stopped",
    StateType.RUNNING: "What is it doing?",
}


@dataclass(frozen=True, slots=True)
class CauseRow:
    summary: str
    since: datetime | None
    subject: tuple[str, str] | None  # words and address
    action: str
    action_url: str
    command: str
    holders: list[tuple[str, str, str, datetime | None]]  # name, address, state, since


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    tone: str
    overdue_seconds: float
    due: datetime | None
    causes: list[CauseRow]  # what holds it up, the first thing first
    others: list[CauseRow]  # what may play a part


def why_panel(request: HttpRequest, run: FlowRun | TaskRun) -> SafeString:
    """The panel of a run that waits, as markup; empty where it was deleted meanwhile."""
    try:
        explanation = _explanation(run)
    except RunNotFound:
        return SafeString("")
    return render_to_string("why/panel.html", {"panel": panel_for(run, explanation)}, request=request)


def panel_for(run: FlowRun | TaskRun, explanation: Explanation) -> Panel:
    overdue = explanation.overdue_seconds
    is_late = overdue > 0 and run.state_type == StateType.SCHEDULED
    certain = [cause for cause in explanation.causes if cause.certain]
    return Panel(
        title=_TITLES.get(StateType(run.state_type), "Why is it not running?") if run.state_type else "It has no state",
        tone="late" if is_late else look_of(run.state_type, run.state_name).tone,
        overdue_seconds=overdue,
        due=run.next_scheduled_start_time,
        causes=cause_rows(certain or explanation.causes, run.id),
        others=cause_rows([cause for cause in explanation.causes if not cause.certain], run.id) if certain else [],
    )


def cause_rows(causes: Sequence[Cause], page_of: UUID | None = None) -> list[CauseRow]:
    """Causes as a page shows them; what would lead to the page of `page_of`, where the reader is, is left out."""
    return [_row(cause, page_of) for cause in causes]


def _row(cause: Cause, page_of: UUID | None) -> CauseRow:
    action = cause.action
    href = action.href if action and action.href else ""
    is_here = page_of is not None and str(page_of) in href
    return CauseRow(
        summary=cause.beside_holders,
        since=cause.since,
        subject=_subject(cause.subject),
        action=action.summary if action and not is_here else "",
        action_url="" if is_here else href,
        command=action.command or "" if action else "",
        holders=[_holder(holder) for holder in cause.held_by],
    )


def _subject(subject: Subject | None) -> tuple[str, str] | None:
    """Where to read about what a cause is about; None where there is no such page."""
    if subject is None:
        return None
    name = "of its deployment" if subject.name.startswith(DEPLOYMENT_PREFIX) else subject.name
    words = f"{subject.kind.replace('-', ' ')} {name}"
    if subject.kind == "work-pool":
        return words, address_of("work-pool", subject.name)
    if subject.kind == "service":
        return "services", address_of("services")
    if subject.id is not None and subject.kind in ("deployment", "flow-run", "work-queue", "concurrency-limit"):
        return words, address_of(subject.kind, subject.id)
    return None


def _holder(holder: Holder) -> tuple[str, str, str, datetime | None]:
    known = holder.id is not None and holder.kind in ("flow-run", "task-run")
    return holder.name, address_of(holder.kind, holder.id) if known else "", holder.state_name or "", holder.since


def _explanation(run: FlowRun | TaskRun) -> Explanation:
    if isinstance(run, TaskRun):
        return explain_task_run(read_task_situation(task_run_id=run.id))
    return explain(read_situation_of(run))
