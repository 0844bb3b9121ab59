"""The critical path: the chain of tasks, each waiting for the one before, that decided when the run was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from runs.models import TaskRun
from runs.pages.timeline.spans import Span, in_trouble

LONGEST = 200  # tasks


def critical_path(
    tasks: Sequence[TaskRun], waits: Mapping[UUID, Sequence[UUID]], spans: Mapping[UUID, list[Span]], now: datetime
) -> list[UUID]:
    """From the first to the last; it ends at the first failure, or at what ended last. Empty without dependencies.

    `waits` says what each task waited for.
    """
    ends = {task.id: max(span.end or now for span in spans[task.id]) for task in tasks if spans[task.id]}
    if not ends:
        return []
    failed = [task.id for task in tasks if task.id in ends and in_trouble(task)]
    here = min(failed, key=ends.__getitem__) if failed else max(ends, key=ends.__getitem__)
    path = [here]
    while len(path) < LONGEST:
        before = [one for one in waits[here] if one in ends and one not in path]
        if not before:
            break
        here = max(before, key=ends.__getitem__)
        path.append(here)
    return path[::-1] if len(path) > 1 else []
