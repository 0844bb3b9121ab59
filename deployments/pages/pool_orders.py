"""How the list of work pools is sorted: by what is stored of a pool, or by what goes on in it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict

from deployments.models import WorkPool
from deployments.pages.pool_rows import PoolRow, rows_of
from orchestrator.pages.keyset import Order, Page
from orchestrator.pages.sorted_rows import Key, read_rows

STORED = (Order("name", "name", "Pool"), Order("type", "type", "Type"), Order("created", "created", "Created"))
_URGENCY = ("completed", "scheduled", "paused", "late", "failed")

GOING_ON: dict[str, Key] = {
    "state": lambda row: _URGENCY.index(row.look.tone),
    "workers": lambda row: len(row.online),
    "running": lambda row: row.load.running,
    "queued": lambda row: row.load.waiting,
    "late": lambda row: row.load.late,
    "wait": lambda row: row.oldest_wait or 0.0,
    "polled": lambda row: row.last_polled.timestamp() if row.last_polled else 0.0,
    "done": lambda row: row.load.done,
}


def read_pools(pools: QuerySet[WorkPool], query: QueryDict, at: datetime) -> tuple[Page, list[PoolRow]]:
    """One page of pools as the address asks, and its rows. Six queries, however many pools there are."""
    return read_rows(
        pools,
        query,
        lambda found: rows_of(found, at),
        stored=STORED,
        keys=GOING_ON,
        place=lambda row: row.pool.pk,
    )
