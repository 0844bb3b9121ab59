"""A bulk action is asked for: what it would touch, and the rows by which it is then worked off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from orchestrator.statements.writing import insert_rows
from runs.models import BulkAction, BulkActionItem, FlowRun
from runs.services.bulk.deeds import LOOKED_AT, look_at, why_passed_over

EXAMPLES = 5
AT_ONCE = 2_000  # rows read together


@dataclass(frozen=True, slots=True)
class Preview:
    """What a bulk action would do, by the states of this moment."""

    total: int
    by_state: tuple[tuple[str, int], ...]  # the most frequent first
    passed_over: tuple[tuple[str, int], ...]  # why, and how many
    examples: tuple[str, ...]
    is_cut: bool  # more runs match than one bulk action may touch

    @property
    def touched(self) -> int:
        return self.total - sum(number for _, number in self.passed_over)


def most_at_once() -> int:
    """The most runs that one bulk action may touch."""
    return int(settings.MOST_PER_BULK_ACTION)


def preview_bulk_action(*, deed: str, options: Mapping[str, Any], runs: QuerySet[FlowRun]) -> Preview:
    """Looks at the first runs of `runs`, as many as one action may touch."""
    states: Counter[str] = Counter()
    why: Counter[str] = Counter()
    examples: list[str] = []
    most = most_at_once()
    total = 0
    for run in runs.only(*LOOKED_AT)[: most + 1].iterator(chunk_size=AT_ONCE):
        total += 1
        if total > most:
            break
        states[run.state_name or "No state"] += 1
        reason = why_passed_over(deed, options, look_at(run))
        if reason:
            why[reason] += 1
        elif len(examples) < EXAMPLES:
            examples.append(run.name)
    return Preview(
        total=min(total, most),
        by_state=tuple(states.most_common()),
        passed_over=tuple(why.most_common()),
        examples=tuple(examples),
        is_cut=total > most,
    )


def start_bulk_action(
    *,
    deed: str,
    runs: QuerySet[FlowRun] | None = None,
    run_ids: Sequence[UUID] = (),
    options: Mapping[str, Any] | None = None,
    reason: str = "",
    query: str = "",
    asked_by: Any = None,
) -> BulkAction:
    """Fix which runs it is about, `runs` or those of `run_ids`, and leave the rest to the service `bulk_actions`.

    `asked_by` is a user, or None where nobody signed in.
    """
    if runs is None:
        runs = FlowRun.objects.filter(pk__in=list(run_ids)).order_by("-id")
    # Before the transaction: while a filter is looked through, everybody else can write.
    found = list(runs.values_list("pk", "name")[: most_at_once()])
    with transaction.atomic():
        action = BulkAction.objects.create(
            deed=BulkAction.Deed(deed),
            options=dict(options or {}),
            reason=reason,
            query=query,
            asked_by=asked_by,
            asked_by_name=asked_by.get_username() if asked_by is not None else "",
        )
        items = [BulkActionItem(action=action, run_id=run_id, run_name=name) for run_id, name in found]
        insert_rows(items)
        action.total = len(items)
        action.save(update_fields=["total"])
    return action


def stop_bulk_action(*, action_id: UUID, by: str = "") -> bool:
    """Leave the runs alone that it has not come to. False when it had ended."""
    return bool(BulkAction.objects.under_way().filter(pk=action_id).update(is_stopped=True, stopped_by=by))
