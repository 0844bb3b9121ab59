"""Working off what became due, one small transaction each, so that what resists holds up nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from uuid import UUID

from django.db import DatabaseError, transaction

from orchestrator.contract.times import now
from orchestrator.statements.reading import PreparedExists
from runs.errors import RunNotFound
from runs.models import FlowRun, StateDeadline
from runs.services.transitions import locked_flow_run

logger = logging.getLogger(__name__)

BATCH = 200  # deadlines that one call looks after


_is_due = {
    kind: PreparedExists(partial(StateDeadline.objects.due, kind), moments=["at"]) for kind in StateDeadline.Kind
}


def has_due(kind: StateDeadline.Kind) -> bool:
    """Whether `look_after_due` has something to look after."""
    return _is_due[kind](at=now())


def look_after_due(kind: StateDeadline.Kind, look: Callable[[FlowRun, StateDeadline], bool]) -> int:
    """Call `look` with each locked run whose deadline is due; afterwards the deadline is gone.

    `look` says whether it did anything. Returns how often it did.
    """
    due = list(StateDeadline.objects.due(kind, now())[:BATCH])
    return sum(_each(due, lambda deadline: _look_after(deadline, look)))


def change_one_by_one(run_ids: Iterable[UUID], change: Callable[[FlowRun], bool]) -> int:
    """Call `change` with each run, locked. It says whether it did anything. Returns how often it did."""
    return sum(_each(run_ids, lambda run_id: _change(run_id, change)))


def _each(items: Iterable, do: Callable[..., bool]) -> Iterable[bool]:
    for item in items:
        try:
            yield do(item)
        except DatabaseError:
            # The next call tries again; one that resists must not hold up the others.
            logger.exception("%s is due and could not be looked after", item)


def _change(run_id: UUID, change: Callable[[FlowRun], bool]) -> bool:
    with transaction.atomic():
        try:
            run = locked_flow_run(run_id)
        except RunNotFound:
            return False  # it was deleted just now
        return change(run)


def _look_after(deadline: StateDeadline, look: Callable[[FlowRun, StateDeadline], bool]) -> bool:
    def change(run: FlowRun) -> bool:
        # The lock on the run makes two processes come one after the other; the second finds no deadline.
        deleted, _ = StateDeadline.objects.filter(pk=deadline.pk).delete()
        return bool(deleted) and look(run, deadline)

    return _change(deadline.flow_run_id, change)
