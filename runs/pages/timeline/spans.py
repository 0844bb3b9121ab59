"""When a task ran: one span for each of its attempts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.contract.states import StateType
from orchestrator.pages.looks import look_of
from runs.models import TaskRun, TaskRunState


@dataclass(frozen=True, slots=True)
class Span:
    """One attempt of one task. `end` is None while it runs."""

    start: datetime
    end: datetime | None
    tone: str
    word: str


def spans_of(task: TaskRun, history: Sequence[TaskRunState] = ()) -> list[Span]:
    """`history` is needed of those alone that ran more than once."""
    look = look_of(task.state_type, task.state_name)
    retried = _attempts(history, look.tone, look.word) if history else []
    if retried:
        return retried
    if task.start_time is not None:
        end = None if task.state_type == StateType.RUNNING else task.end_time or task.state_timestamp
        return [Span(task.start_time, end, look.tone, look.word)]
    if task.is_terminal and task.end_time is not None:  # ended without running: from a cache, or cancelled
        return [Span(task.end_time, task.end_time, look.tone, look.word)]
    return []


def most_at_once(spans: Iterable[Span], now: datetime) -> int:
    """The greatest number of spans that were open at one moment."""
    edges: list[tuple[datetime, int]] = []
    for span in spans:
        edges += [(span.start, 1), (span.end or now, -1)]
    most = open_now = 0
    for _, change in sorted(edges):  # at one moment an end comes before a start
        open_now += change
        most = max(most, open_now)
    return most


def in_trouble(task: TaskRun) -> bool:
    return task.state_type in (StateType.FAILED, StateType.CRASHED)


def _attempts(history: Sequence[TaskRunState], tone: str, word: str) -> list[Span]:
    """One span for each RUNNING state, up to the state that follows; the last one wears the task's present state."""
    spans: list[Span] = []
    for state, following in zip(history, [*history[1:], None], strict=True):
        if state.type != StateType.RUNNING:
            continue
        if following is None:
            spans.append(Span(state.timestamp, None, tone, word))
        elif following.type == StateType.SCHEDULED:
            spans.append(Span(state.timestamp, following.timestamp, "retrying", "failed, to be retried"))
        else:
            look = look_of(following.type, following.name)
            spans.append(Span(state.timestamp, following.timestamp, look.tone, look.word))
    return spans
