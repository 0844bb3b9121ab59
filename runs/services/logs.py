"""Lines that runs wrote. They arrive in batches, and may arrive again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.db import transaction

from runs.models import Log

Listener = Callable[[Sequence[Log]], None]

_listeners: list[Listener] = []


def add_log_listener(listener: Listener) -> None:
    """Call `listener` in this process with every batch after its commit. It may be lost when the process dies."""
    if listener not in _listeners:
        _listeners.append(listener)


def write_logs(*, lines: Sequence[Log]) -> list[Log]:
    """Store the lines and return those that were not stored yet; a line is known again by its id."""
    if not lines:
        return []
    with transaction.atomic():
        by_id = {line.pk: line for line in lines}
        known = set(Log.objects.filter(pk__in=by_id).values_list("pk", flat=True))
        new = [line for pk, line in by_id.items() if pk not in known]
        Log.objects.bulk_create(new, ignore_conflicts=True)
        if new:
            for listener in _listeners:
                transaction.on_commit(partial(listener, new), robust=True)
    return new
