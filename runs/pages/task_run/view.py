"""`/runs/task-run/<id>`: one task run. Each part of the page is a fragment with its own few queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.contract.states import StateType
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.shared_parts import shared_parts
from runs.models import Artifact, FlowRun, TaskRun, TaskRunState
from runs.pages.failures import failure_of_task
from runs.pages.logs.panel import LogOwner, answer_about_log, read_log
from runs.pages.panels import panel_of
from runs.pages.run_rows import run_clock_start
from runs.pages.task_run.relations import cache_source_of, downstream_of, inputs_of
from runs.pages.task_run.tries import tries_of
from runs.services.concurrency_waits import is_asking

MOST_STATES = 200  # the oldest are left out
MOST_ARTIFACTS = 20
WAITING = (StateType.SCHEDULED.value, StateType.PENDING.value, StateType.PAUSED.value)


class Subject:
    """The task run that a page is about, and what several parts want of it: each is read when first asked."""

    def __init__(self, task: TaskRun, now: datetime) -> None:
        self.task = task
        self.now = now

    @cached_property
    def states(self) -> list[TaskRunState]:
        """Oldest first."""
        return list(self.task.states.order_by("-timestamp", "-id")[:MOST_STATES])[::-1]


Read = Callable[[HttpRequest, Subject], dict[str, Any]]


@require_safe
@page
@shared_parts
def task_run(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    task = TaskRun.objects.select_related("flow_run__flow").filter(id=run_id).first()
    if task is None:
        return no_such(request, "task run", run_id)
    answered = answer_about_log(request, LogOwner.of_task_run(task))
    if answered is not None:
        return answered
    subject = Subject(task, timezone.now())
    context: dict[str, Any] = {
        "section": "runs",
        "task": task,
        "run": task.flow_run,
        "task_topic": f"tasks:{task.flow_run_id or task.id}",
        "is_live": not task.is_terminal,
    }
    fragment = request.GET.get("fragment")
    for name, read in PARTS.items():
        if fragment in (None, name):
            context |= read(request, subject)
    return render_page(request, "runs/task_run.html", context, fragments=FRAGMENTS)


def _read_header(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    task = subject.task
    return {
        "seconds": task.estimated_run_time(subject.now) if task.start_time else None,
        "running_since": run_clock_start(task, subject.now),
        "failure": failure_of_task(task),
        "message": (task.state or {}).get("message") or "",
        "why": panel_of(request, task) if _waits(subject) else None,
    }


def _waits(subject: Subject) -> bool:
    """To begin, or for slots in the middle of its work."""
    task = subject.task
    if task.state_type == StateType.RUNNING:
        return is_asking(task.pk, subject.now)
    return task.state_type in WAITING


def _read_tries(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    return {"tries": tries_of(subject.task, subject.states, subject.now)}


def _read_relations(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    return {"inputs": inputs_of(subject.task), "downstream": downstream_of(subject.task)}


def _read_facts(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    task = subject.task
    details = (task.state or {}).get("state_details") or {}
    data = (task.state or {}).get("data")
    artifacts = Artifact.objects.filter(task_run_id=task.id, type__isnull=False).exclude(type="result")
    return {
        "states": subject.states,
        "child": FlowRun.objects.filter(parent_task_run=task).only("id", "name").order_by("-id").first(),
        "artifacts": list(artifacts.only("id", "key", "type").order_by("-id")[:MOST_ARTIFACTS]),
        "cache_key": task.cache_key or details.get("cache_key"),
        "cache_source": cache_source_of(task),
        "result_key": data.get("storage_key") if isinstance(data, dict) else None,
        "retries": _retries(task.empirical_policy),
    }


def _read_logs(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    task = subject.task
    topic = f"logs:{task.flow_run_id or task.id}"
    return {"log_topic": topic, "is_of_task": True} | read_log(request, LogOwner.of_task_run(task))


def _retries(policy: dict[str, Any]) -> str:
    """`3, after 10 s, 20 s`; empty where the task is not tried again."""
    count = policy.get("retries") or policy.get("max_retries")
    if not count:
        return ""
    delay = policy.get("retry_delay") or policy.get("retry_delay_seconds")
    delays = [f"{one:g} s" for one in (delay if isinstance(delay, list) else [delay]) if isinstance(one, int | float)]
    return f"{count}, after {', '.join(delays[:5])}" if delays else str(count)


PARTS: dict[str, Read] = {
    "header": _read_header,
    "tries": _read_tries,
    "relations": _read_relations,
    "facts": _read_facts,
    "logs": _read_logs,
}
FRAGMENTS = {name: f"runs/task_run/{name}.html" for name in PARTS}
