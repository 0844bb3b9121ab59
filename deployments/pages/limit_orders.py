"""How the list of concurrency limits is sorted: by what is stored of a limit, or by who holds its slots and waits."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict

from deployments.pages.limit_rows import LimitRow, rows_of_limits
from orchestrator.pages.keyset import Order, Page
from orchestrator.pages.sorted_rows import Key, read_rows
from runs.models import ConcurrencyLimit

STORED = (
    Order("name", "name", "Limit"),
    Order("limit", "limit", "Slots"),
    Order("decay", "slot_decay_per_second", "Slots become free"),
    Order("changed", "updated", "Last activity"),
)
_URGENCY = ("cancelled", "completed", "running", "late")

GOING_ON: dict[str, Key] = {
    "state": lambda row: _URGENCY.index(row.look.tone),
    "used": lambda row: row.in_use,
    "waiting": lambda row: row.waiting,
    "refused": lambda row: row.refused,
}


def read_limits(limits: QuerySet[ConcurrencyLimit], query: QueryDict, at: datetime) -> tuple[Page, list[LimitRow]]:
    """One page of limits as the address asks, and its rows. At most six queries, however many limits there are."""
    return read_rows(
        limits,
        query,
        lambda found: rows_of_limits(found, at),
        stored=STORED,
        keys=GOING_ON,
        place=lambda row: row.limit.pk,
    )
