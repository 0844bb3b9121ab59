"""How far what works through queues is behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Subquery

from automations.models import Firing, TriggerPosition
from deployments.pages.pool_rows import PoolRow
from orchestrator.dashboard.status.fact import Fact
from orchestrator.events.models import Event
from orchestrator.pages.addresses import address_of
from orchestrator.pages.words import duration_words
from runs.models import Leftover, QueuedTaskRun

CAP = 10_000  # rows that are counted
LATE_SECONDS = 60.0


def pool_lags(rows: Sequence[PoolRow]) -> list[tuple[Fact, str]]:
    """Of each pool in which runs wait, its fact and its address; longest wait first. No query."""
    waiting = sorted((row for row in rows if row.load.waiting), key=lambda row: -(row.oldest_wait or 0.0))
    return [(_of_pool(row), address_of("work-pool", row.pool.name)) for row in waiting]


def queue_facts(at: datetime) -> list[Fact]:
    """Events for automations, their actions, background tasks, and what deleted runs left. Two queries."""
    newest = Event.objects.order_by("-sequence").annotate(
        seen=Subquery(TriggerPosition.objects.values("sequence")[:1]),
        fired=Subquery(Firing.objects.waiting().values("fired_at")[:1]),
        left=Subquery(Leftover.objects.due(at).values("due_at")[:1]),
    )
    last, seen, fired, left = newest.values_list("sequence", "seen", "fired", "left").first() or (0, None, None, None)
    behind = 0 if seen is None else max(0, last - seen)
    tasks = QueuedTaskRun.objects.filter(holder=None).order_by().values_list("pk", flat=True)[: CAP + 1]
    return [
        Fact("Events that automations have not seen", f"{behind:,}", "They are far behind." if behind > CAP else ""),
        Fact("Actions of automations to be done", _since(fired, at)),
        Fact("Background tasks that nobody took", _capped(len(tasks))),
        Fact("Deleted runs to be cleared away", _since(left, at)),
    ]


def _of_pool(row: PoolRow) -> Fact:
    wait = row.oldest_wait or 0.0
    words = f"{row.load.waiting:,} waiting, the oldest for {duration_words(wait)}"
    return Fact(row.pool.name, words, row.look.reason if wait > LATE_SECONDS and not row.pool.is_paused else "")


def _since(oldest: datetime | None, at: datetime) -> str:
    return "none" if oldest is None else f"the oldest for {duration_words((at - oldest).total_seconds())}"


def _capped(count: int) -> str:
    return f"{CAP:,}+" if count > CAP else f"{count:,}" if count else "none"
