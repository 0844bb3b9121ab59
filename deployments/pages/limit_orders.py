"""How the list of concurrency limits is sorted: by what is stored of a limit, or by who holds its slots and waits."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict

from deployments.pages.limit_rows import LimitRow, rows_of_limits
from orchestrator.pages.keyset import Order, Page, read_page
from orchestrator.pages.sorted_rows import Key, asked_key, page_of_sorted
from runs.models import ConcurrencyLimit

STORED = (
    Order("name", "name", "Limit"),
    Order("limit", "limit", "Slots"),
    Order("decay", "slot_decay_per_second", "Slots become free"),
    Order("changed", "updated", "Last activity"),
)
MOST = 1_000  # limits that are sorted by what goes on with them, which wants a look at each
_URGENCY = ("cancelled", "completed", "running", "late")

GOING_ON: dict[str, Key] = {
    "state": lambda row: _URGENCY.index(row.look.tone),
    "used": lambda row: row.in_use,
    "waiting": lambda row: row.waiting,
    "refused": lambda row: row.refused,
}


def read_limits(limits: QuerySet[ConcurrencyLimit], query: QueryDict, at: datetime) -> tuple[Page, list[LimitRow]]:
    """One page of limits as the address asks, and its rows. At most six queries, however many limits there are."""
    key = asked_key(query, GOING_ON)
    if key is None:
        page = read_page(limits, query, STORED, usual="name")
        return page, rows_of_limits(page.rows, at)
    rows = rows_of_limits(list(limits.order_by("name")[:MOST]), at)
    return page_of_sorted(rows, query, key, place=lambda row: row.limit.pk, orders=STORED)
