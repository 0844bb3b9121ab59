"""Lines that runs wrote. They arrive in batches, and may arrive again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction

from orchestrator.contract.times import now
from runs.models import Log

Listener = Callable[[Sequence[Log]], None]

BATCH = 500  # lines that one statement stores
_COLUMNS = ("id", "created", "name", "level", "message", "timestamp", "flow_run_id", "task_run_id")

_listeners: list[Listener] = []


def add_log_listener(listener: Listener) -> None:
    """Call `listener` in this process with every batch after its commit. It may be lost when the process dies."""
    if listener not in _listeners:
        _listeners.append(listener)


def write_logs(*, lines: Sequence[Log]) -> list[Log]:
    """Store the lines and return those that were not stored yet; a line is known again by its id."""
    if not lines:
        return []
    by_id = {line.pk.hex: line for line in lines}
    unsent = list(by_id.values())
    with transaction.atomic():
        stored = {id for start in range(0, len(unsent), BATCH) for id in _insert(unsent[start : start + BATCH])}
        new = [line for id, line in by_id.items() if id in stored]
        if new:
            for listener in _listeners:
                transaction.on_commit(partial(listener, new), robust=True)
    return new


def _insert(lines: Sequence[Log]) -> list[str]:
    """The ids, in hex, of the lines that were new: one statement says so, at a third of what a bulk insert takes."""
    write_time = connection.ops.adapt_datetimefield_value
    native = connection.features.has_native_uuid_field
    at = now()
    created = write_time(at)
    values: list[Any] = []
    for line in lines:
        line.created = at
        ids = (line.pk, line.flow_run_id, line.task_run_id)
        pk, flow_run_id, task_run_id = ids if native else (id.hex if id else None for id in ids)
        values += (
            pk,
            created,
            line.name,
            line.level,
            line.message,
            write_time(line.timestamp),
            flow_run_id,
            task_run_id,
        )
    rows = ", ".join([f"({', '.join(['%s'] * len(_COLUMNS))})"] * len(lines))
    table = connection.ops.quote_name(Log._meta.db_table)
    names = ", ".join(connection.ops.quote_name(column) for column in _COLUMNS)
    sql = f"INSERT INTO {table} ({names}) VALUES {rows} ON CONFLICT (id) DO NOTHING RETURNING id"
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [id.hex if native else id for (id,) in cursor.fetchall()]
