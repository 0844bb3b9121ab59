"""Lines that runs wrote. They arrive in batches, and may arrive again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from uuid import UUID

from django.db import transaction

from orchestrator.contract.times import now
from orchestrator.statements.after_commit import after_commit
from orchestrator.statements.memory import kept
from orchestrator.statements.writing import Table
from runs.models import Log

Listener = Callable[[Sequence[Log]], None]

BATCH = 500  # lines that one statement stores
_COLUMNS = ("id", "created", "name", "level", "message", "timestamp", "flow_run_id", "task_run_id")
_READ = attrgetter(*_COLUMNS)
_SKIPPING_KNOWN = " ON CONFLICT (id) DO NOTHING RETURNING id"

_listeners: list[Listener] = []


def add_log_listener(listener: Listener) -> None:
    """Call `listener` in this process with every batch after its commit. It may be lost when the process dies."""
    if listener not in _listeners:
        _listeners.append(listener)


def write_logs(*, lines: Sequence[Log]) -> list[Log]:
    """Store the lines and return those that were not stored yet; a line is known again by its id."""
    if not lines:
        return []
    unsent = list({line.pk: line for line in lines}.values())
    with transaction.atomic():
        new = [line for start in range(0, len(unsent), BATCH) for line in _inserted(unsent[start : start + BATCH])]
        if new:
            for listener in _listeners:
                after_commit(listener, new)
    return new


def _inserted(lines: Sequence[Log]) -> Sequence[Log]:
    """Those that were new: one statement says so, at a third of what a bulk insert takes."""
    at = now()
    for line in lines:
        line.created = at
    table = kept((Log, _COLUMNS), lambda through: Table(Log, through, _COLUMNS))
    stored = table.insert_values([*map(_READ, lines)], _SKIPPING_KNOWN)
    if len(stored) == len(lines):
        return lines
    ids = {UUID(str(id)) for (id,) in stored}
    return [line for line in lines if line.pk in ids]
