"""Each time that a task run was executed, with how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.contract.states import StateType
from runs.models import Log, TaskRun, TaskRunState
from runs.pages.failures import reason_in_brief
from runs.services.failures.completing import ERROR
from runs.services.failures.tracebacks import read_traceback

MOST_LINES = 50  # error lines that are looked at
# A retry waits as SCHEDULED: the try before it failed, whatever the state that followed it is called.
_FAILED = (StateType.FAILED.value, StateType.CRASHED.value, StateType.SCHEDULED.value)


@dataclass(frozen=True, slots=True)
class Try:
    number: int
    began: datetime
    ended: datetime | None  # None while it goes on
    seconds: float
    state: TaskRunState  # how it ended, or that it runs
    error: str  # the exception in one line; empty where nothing went wrong
    line: Log | None  # of its log, which tells why

    @property
    def goes_on(self) -> bool:
        return self.ended is None

    @property
    def looks_like(self) -> tuple[str, str]:
        """Type and name of the state that its badge shows: a try before a retry has failed."""
        if self.state.type == StateType.SCHEDULED:
            return StateType.FAILED.value, "Failed"
        return self.state.type, self.state.name


def tries_of(task: TaskRun, states: Sequence[TaskRunState], now: datetime) -> list[Try]:
    """In order. `states` are those of the task run, oldest first; one query for lines, where something went wrong."""
    begun = [number for number, state in enumerate(states) if state.type == StateType.RUNNING]
    beyond = [*begun, len(states)][1:]
    spans = [
        (states[first], next((state for state in states[first + 1 : end] if state.type != StateType.RUNNING), None))
        for first, end in zip(begun, beyond, strict=True)
    ]
    until = [states[number].timestamp if number < len(states) else now for number in beyond]
    failed = [end for _, end in spans if end is not None and end.type in _FAILED]
    lines = _error_lines(task) if failed else []
    return [
        _try(number, begin, end, [line for line in lines if begin.timestamp <= line.timestamp <= limit], now)
        for number, ((begin, end), limit) in enumerate(zip(spans, until, strict=True), start=1)
    ]


def _try(number: int, begin: TaskRunState, end: TaskRunState | None, lines: Sequence[Log], now: datetime) -> Try:
    ended = end.timestamp if end else None
    has_failed = end is not None and end.type in _FAILED
    line = _telling(lines) if has_failed else None
    return Try(
        number=number,
        began=begin.timestamp,
        ended=ended,
        seconds=((ended or now) - begin.timestamp).total_seconds(),
        state=end or begin,
        error=_error(end, line) if end is not None and has_failed else "",
        line=line,
    )


def _error(end: TaskRunState, line: Log | None) -> str:
    traceback = read_traceback(line.message) if line else None
    if traceback is not None and traceback.error:
        return traceback.error
    return reason_in_brief(end.message) or (line.message.splitlines()[0] if line and line.message else "")


def _telling(lines: Sequence[Log]) -> Log | None:
    """The last error line of the try, those with a traceback first. It may be written a moment after the end."""
    return max(lines, key=lambda line: ("Traceback" in line.message, line.timestamp), default=None)


def _error_lines(task: TaskRun) -> list[Log]:
    found = Log.objects.filter(task_run_id=task.id).at_least(ERROR)
    return list(found.order_by("-timestamp", "-id")[:MOST_LINES])
