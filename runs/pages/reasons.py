"""*What happened* to each run of a list, in one line: what went wrong, what it waits for, what it does just now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.contract.states import StateType
from orchestrator.pages.addresses import address_of
from runs.models import FlowRun, TaskRun

OVERDUE_SECONDS = 15.0  # a run that is due waits for less than that while a worker serves its pool
MOST_WORDS = 200  # characters
MOST_NAMES = 2  # of tasks that run now
_MOST_TASKS = 200  # looked at for them
_BAD = (StateType.FAILED, StateType.CRASHED)
_UNWORDED = (StateType.COMPLETED, StateType.RUNNING)


@dataclass(frozen=True, slots=True)
class Reason:
    """`words`, and after them a link where there is something to look at."""

    words: str = ""
    link: str = ""
    url: str = ""
    is_bad: bool = False

    @property
    def text(self) -> str:
        return f"{self.words} {self.link}".strip()


def read_reasons(runs: Sequence[FlowRun], now: datetime) -> dict[UUID, Reason]:
    """Two queries at most. Wants the runs with their deployments, queues and pools."""
    overdue = [run for run in runs if is_overdue(run, now)]
    served = _served(overdue, now)
    at_work = _at_work([run for run in runs if run.state_type == StateType.RUNNING])
    return {run.pk: _reason(run, now, served, at_work) for run in runs}


def is_overdue(run: FlowRun, now: datetime) -> bool:
    due = run.next_scheduled_start_time or run.expected_start_time
    if run.state_type == StateType.PENDING:
        due = run.state_timestamp
    elif run.state_type != StateType.SCHEDULED:
        return False
    return due is not None and (now - due).total_seconds() > OVERDUE_SECONDS


def _served(runs: list[FlowRun], now: datetime) -> set[UUID]:
    """Those whose pool has a worker that is alive."""
    if not runs:
        return set()
    found = FlowRun.objects.filter(
        pk__in=[run.pk for run in runs],
        work_queue__work_pool__workers__status="ONLINE",
        work_queue__work_pool__workers__silent_after__gte=now,
    )
    return set(found.values_list("pk", flat=True).distinct())


def _at_work(runs: list[FlowRun]) -> dict[UUID, list[str]]:
    """The names of tasks that run now."""
    names: dict[UUID, list[str]] = defaultdict(list)
    if runs:
        tasks = TaskRun.objects.running().filter(flow_run__in=[run.pk for run in runs]).order_by("start_time", "id")
        for run_id, name in tasks.values_list("flow_run", "name")[:_MOST_TASKS]:
            names[run_id].append(name)
    return names


def _reason(run: FlowRun, now: datetime, served: set[UUID], at_work: dict[UUID, list[str]]) -> Reason:
    if run.state_type in _BAD:
        return Reason(_failure_words(run), is_bad=True)
    if is_overdue(run, now):
        return _why_it_waits(run, is_served=run.pk in served)
    if run.state_type == StateType.RUNNING:
        names = at_work.get(run.pk, [])
        more = len(names) - MOST_NAMES
        return Reason(", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else ""))
    if run.state_type == StateType.PAUSED:
        return _what_ends_the_pause(run)
    message = _message(run)
    is_planned = run.auto_scheduled and not run.run_count  # whose message says no more than its state
    if run.state_type == StateType.SCHEDULED and (is_planned or not message):
        return Reason(_who_planned_it(run))
    return Reason("" if run.state_type in _UNWORDED else message)


def _failure_words(run: FlowRun) -> str:
    """`KeyError: 'vat_rate' · flows.py:88`."""
    place = (run.error_frame or "").partition(",")[0].rsplit("/", 1)[-1]
    words = run.error_words or _message(run)
    words = "" if words == run.state_name else words  # the badge says that already
    return " · ".join(part for part in (words, place) if part)


def _why_it_waits(run: FlowRun, *, is_served: bool) -> Reason:
    """The first cause that can be seen from here; the run's own page tells all of them."""
    if run.state_type == StateType.PENDING:
        return Reason("taken by a worker, not begun yet")
    deployment: Any = run.deployment if run.deployment_id else None
    queue: Any = run.work_queue
    if deployment is not None and deployment.paused:
        return Reason("The deployment is paused:", deployment.name, address_of("deployment", deployment.pk))
    if run.deployment_id and deployment is None:
        return Reason("Its deployment was deleted")
    if queue is None:
        return Reason("due, but nothing has begun it")
    pool = queue.work_pool
    if pool.is_paused:
        return Reason("The work pool is paused:", pool.name, address_of("work-pool", pool.name))
    if queue.is_paused:
        return Reason("The work queue is paused:", queue.name, address_of("work-queue", queue.pk))
    if not is_served:
        return Reason("No worker serves", pool.name, address_of("work-pool", pool.name))
    return Reason("due, waits for a free worker of", pool.name, address_of("work-pool", pool.name))


def _what_ends_the_pause(run: FlowRun) -> Reason:
    details = (run.state or {}).get("state_details") or {}
    return Reason("waits for input" if details.get("run_input_keyset") else "waits to be resumed")


def _who_planned_it(run: FlowRun) -> str:
    maker = run.created_by or {}
    name = maker.get("display_value") or ""
    if run.auto_scheduled or maker.get("type") == "SCHEDULE":
        if name.endswith("Schedule"):  # it has no name, so its kind is told: `CronSchedule`
            return f"by its {name.removesuffix('Schedule').lower()} schedule"
        return f"by the schedule {name}" if name else "by a schedule"
    return f"by {name}" if name else ""


def _message(run: FlowRun) -> str:
    lines = ((run.state or {}).get("message") or "").strip().splitlines()
    return lines[0][:MOST_WORDS] if lines else ""
