"""Why a run ended badly, as its page says it without a click: the error, the place, the line of the log, the tries."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from runs.models import FlowRun, Log, TaskRun
from runs.models.run import Run
from runs.services.failures.columns import BAD_ENDS
from runs.services.failures.completing import first_failed_task, telling_line
from runs.services.failures.naming import message_in_brief
from runs.services.failures.tracebacks import Traceback, place_in_brief, read_traceback

LONGEST_TRACEBACK = 20_000  # characters that are shown
reason_in_brief = message_in_brief


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The last frame of the author's own code in a traceback, the line in it, and what was raised."""

    frame: str
    source: str
    error: str
    hidden_frames: int
    whole: str  # the traceback as it was logged


@dataclass(frozen=True, slots=True)
class Failure:
    headline: str
    place: str  # `flows.py:45`; empty where it is not known
    tries: int
    task: TaskRun | None  # of a flow run: where it began
    log_id: UUID | None
    excerpt: Excerpt | None
    fingerprint: str | None = None
    inside: FlowRun | None = None  # the subflow that the task belongs to, where it is none of the run's own
    words: list[str] = field(default_factory=list)  # what else is known of the end, sentence by sentence
    last_lines: list[Log] = field(default_factory=list)  # of a run that ended without saying why


def failure_of(run: FlowRun, task: TaskRun | None = None) -> Failure | None:
    """None unless the run failed or crashed. `task` is where it began, if the caller knows; else it is looked for."""
    if run.state_type not in BAD_ENDS:
        return None
    if task is None and (run.failing_task_run_id is None or run.failure_log_id is None):
        task = first_failed_task(run)
    line = _line_of(run, Q(flow_run_id=run.id), task)
    return _failure(run, line, task)


def failure_of_task(task: TaskRun) -> Failure | None:
    if task.state_type not in BAD_ENDS:
        return None
    return _failure(task, _line_of(task, Q(task_run_id=task.id), task), None)


def excerpt_of(message: str) -> Excerpt | None:
    """Read a traceback. None when the message holds none."""
    traceback = read_traceback(message)
    return None if traceback is None else _excerpt(traceback, message)


def _line_of(run: Run, lines: Q, task: TaskRun | None) -> Log | None:
    """The line that was noted when the run failed; of a run from before lines were noted, the one that fits best."""
    noted = Log.objects.filter(id=run.failure_log_id).first() if run.failure_log_id else None
    return noted or telling_line(lines, task.id if task else None)


def _failure(run: Run, line: Log | None, task: TaskRun | None) -> Failure:
    excerpt = excerpt_of(line.message) if line else None
    place = place_in_brief(run.error_frame or "").partition(",")[0]
    if not place and excerpt:
        found = read_traceback(line.message) if line else None
        place = place_in_brief(found.own_frame.place).partition(",")[0] if found else ""
    return Failure(
        headline=_headline(run, line),
        place=place,
        tries=(task or run).run_count,
        task=task,
        log_id=line.id if line else None,
        excerpt=excerpt,
        fingerprint=run.error_fingerprint,
    )


def _excerpt(traceback: Traceback, message: str) -> Excerpt:
    frame = traceback.own_frame
    place = f'File "{frame.file}", line {frame.line}' + (f", in {frame.function}" if frame.function else "")
    hidden = len(traceback.frames) - (sum(not one.is_library for one in traceback.frames) or 1)
    whole = message if len(message) <= LONGEST_TRACEBACK else f"…{message[-LONGEST_TRACEBACK:]}"
    return Excerpt(frame=place, source=frame.source, error=traceback.error, hidden_frames=hidden, whole=whole)


def _headline(run: Run, line: Log | None) -> str:
    message = (run.state or {}).get("message")
    if message:
        return reason_in_brief(message)
    return (
        line.message.splitlines()[0] if line and line.message else f"The run is {run.state_name}, and nothing says why."
    )
