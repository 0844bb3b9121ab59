"""Why a run ended badly, or does not begin, said on its page without a click."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from orchestrator.contract.states import StateType
from runs.models import FlowRun, Log, TaskRun

BAD_ENDS = (StateType.FAILED.value, StateType.CRASHED.value)
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_LIBRARY = (
    "site-packages",
    "/prefect/",
    "/orchestrator/sdk/",
    "/orchestrator/worker/",
    "/concurrent/",
    "/asyncio/",
    "/lib/python3",
    "<frozen",
)
_PREAMBLE = re.compile(r"^(Flow|Task) run (encountered an exception:?|failed with) ")
_SOURCE_NOISE = re.compile(r"^[\s~^]+$")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The last frame of the author's own code in a traceback, the line in it, and what was raised."""

    frame: str
    source: str
    error: str
    hidden_frames: int


@dataclass(frozen=True, slots=True)
class Failure:
    headline: str
    task: TaskRun | None
    log_id: UUID | None
    excerpt: Excerpt | None


def failure_of(run: FlowRun) -> Failure | None:
    """None unless the run failed or crashed. Looks for the first task that went wrong and the line that tells why."""
    if run.state_type not in BAD_ENDS:
        return None
    task = (
        run.task_runs.filter(state_type__in=BAD_ENDS, child_flow_runs=None)
        .only("id", "name", "state", "state_type", "state_name", "run_count")
        .order_by("end_time")
        .first()
    )
    line = _telling_line(Q(flow_run_id=run.id), task.id if task else None)
    return Failure(
        headline=_headline(run, line),
        task=task,
        log_id=line.id if line else None,
        excerpt=excerpt_of(line.message) if line else None,
    )


def failure_of_task(task: TaskRun) -> Failure | None:
    if task.state_type not in BAD_ENDS:
        return None
    line = _telling_line(Q(task_run_id=task.id), task.id)
    return Failure(
        headline=_headline(task, line),
        task=None,
        log_id=line.id if line else None,
        excerpt=excerpt_of(line.message) if line else None,
    )


def excerpt_of(message: str) -> Excerpt | None:
    """Read a traceback. None when the message holds none."""
    lines = message.splitlines()
    frames = [(number, match) for number, text in enumerate(lines) if (match := _FRAME.match(text))]
    if not frames:
        return None
    own = [frame for frame in frames if not any(mark in frame[1]["file"] for mark in _LIBRARY)]
    number, frame = (own or frames)[-1]
    source = lines[number + 1].strip() if number + 1 < len(lines) and not _FRAME.match(lines[number + 1]) else ""
    error = next(
        (text for text in reversed(lines) if text.strip() and not text[0].isspace() and not _SOURCE_NOISE.match(text)),
        "",
    )
    place = f'File "{frame["file"]}", line {frame["line"]}' + (f", in {frame['function']}" if frame["function"] else "")
    return Excerpt(frame=place, source=source, error=error, hidden_frames=len(frames) - (len(own) or 1))


def reasons_for_waiting(run: FlowRun, now: datetime) -> list[str]:
    """Why a scheduled or pending run has not begun. Wants the run with its queue and pool; one query for workers."""
    if run.state_type not in (StateType.SCHEDULED, StateType.PENDING):
        return []
    due = run.next_scheduled_start_time or run.expected_start_time
    queue = run.work_queue
    if run.state_type == StateType.SCHEDULED and due and due > now:
        return []
    if queue is None:
        return (
            ["It belongs to no work pool, so no worker takes it: whoever created it has to start it."]
            if run.deployment_id
            else []
        )
    pool = queue.work_pool
    reasons = []
    if pool.is_paused:
        reasons.append(f"The work pool “{pool.name}” is paused.")
    if queue.is_paused:
        reasons.append(f"The work queue “{queue.name}” is paused.")
    if not pool.workers.alive(now).exists():
        reasons.append(
            f"No worker serves the work pool “{pool.name}”. Start one: orchestrator worker start --pool {pool.name}"
        )
    return reasons


def reason_in_brief(message: str | None) -> str:
    """The first line of a state's message, without the words that every failure begins with."""
    lines = (message or "").strip().splitlines()
    return _PREAMBLE.sub("", lines[0]) if lines else ""


def _telling_line(of_run: Q, task_id: UUID | None) -> Log | None:
    """The newest error line, those of the task and those with a traceback first."""
    lines = list(Log.objects.filter(of_run, level__gte=40).order_by("-timestamp", "-id")[:20])
    return max(lines, key=lambda line: (line.task_run_id == task_id, "Traceback" in line.message), default=None)


def _headline(run: FlowRun | TaskRun, line: Log | None) -> str:
    message = (run.state or {}).get("message")
    if message:
        return reason_in_brief(message)
    return (
        line.message.splitlines()[0] if line and line.message else f"The run is {run.state_name}, and nothing says why."
    )
