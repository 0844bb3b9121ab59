"""Bulk actions are worked off, run after run.

What is done to a run, its outcome and the count of the action are written in one transaction. Whoever dies in between
leaves nothing half done, and the next one goes on with the runs that still wait.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet

from orchestrator.contract.times import now
from orchestrator.statements.reading import PreparedExists
from runs.errors import RunNotFound, UpdateRefused
from runs.models import BulkAction, BulkActionItem, FlowRun
from runs.services.bulk.deeds import LOOKED_AT, Refused, do_to, look_at, why_passed_over

logger = logging.getLogger(__name__)

AT_ONCE = 25  # runs of one batch

_is_anything_under_way = PreparedExists(BulkAction.objects.under_way)


def has_bulk_work() -> bool:
    return _is_anything_under_way()


def work_on_bulk_actions() -> int:
    """Go on with the oldest bulk action, by a batch of its runs. Returns how many it looked at; 0: none is under way.

    An action that has nothing left is ended.
    """
    action = BulkAction.objects.under_way().first()
    if action is None:
        return 0
    if action.began is None:
        BulkAction.objects.filter(pk=action.pk, began=None).update(began=now())
    waiting = list(_waiting(action).values_list("pk", flat=True)[:AT_ONCE])
    if action.is_stopped or not waiting:
        BulkAction.objects.filter(pk=action.pk, ended=None).update(ended=now())
        return 1
    for item_id in waiting:
        _look_at(item_id, action)
    return len(waiting)


def delete_old_bulk_actions() -> int:
    """Delete a batch of those that ended longer ago than runs are kept. Returns how many."""
    days = settings.RUNS_RETENTION_DAYS
    if not days:
        return 0
    old = BulkAction.objects.filter(ended__lt=now() - timedelta(days=days)).order_by("ended")
    ids = list(old.values_list("pk", flat=True)[:5])
    if ids:
        BulkAction.objects.filter(pk__in=ids).delete()
    return len(ids)


def _waiting(action: BulkAction) -> QuerySet[BulkActionItem]:
    return BulkActionItem.objects.filter(action=action, outcome=BulkActionItem.Outcome.WAITING).order_by("id")


def _look_at(item_id: int, action: BulkAction) -> None:
    try:
        with transaction.atomic():
            item = BulkActionItem.objects.select_for_update().filter(pk=item_id, outcome="waiting").first()
            if item is None:
                return  # somebody else was quicker
            outcome, words = _do(item.run_id, action)
            _write(item_id, action, outcome, words)
    except DatabaseError as error:
        # Its own transaction is gone; the failure is told in another, so that one run does not hold up all others.
        logger.warning("A run of the bulk action %s could not be changed: %s", action.pk, error)
        with transaction.atomic():
            if BulkActionItem.objects.select_for_update().filter(pk=item_id, outcome="waiting").exists():
                _write(item_id, action, "failed", str(error)[:500])


def _do(run_id: UUID, action: BulkAction) -> tuple[str, str]:
    """How it went, and why it did not. The run is locked, so nobody changes it between the look and the deed."""
    run = FlowRun.objects.only(*LOOKED_AT).select_for_update(of=("self",)).filter(pk=run_id).first()
    if run is None:
        return "skipped", "it was deleted meanwhile"
    reason = why_passed_over(action.deed, action.options, look_at(run))
    if reason:
        return "skipped", reason
    try:
        with transaction.atomic():
            do_to(run, action)
    except (Refused, UpdateRefused, RunNotFound) as error:
        return "failed", str(error)
    return "done", ""


def _write(item_id: int, action: BulkAction, outcome: str, words: str) -> None:
    BulkActionItem.objects.filter(pk=item_id).update(outcome=outcome, words=words)
    BulkAction.objects.filter(pk=action.pk).update(**{outcome: F(outcome) + 1})  # its columns are called as outcomes
