"""The database: which, how large, how quick, and how many rows it has."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Model

from orchestrator.dashboard.status.fact import Fact, bytes_words
from orchestrator.events.models import Event
from orchestrator.upkeep.schema_changes import database_name
from orchestrator.web.row_estimates import SMALL, estimate_rows
from runs.models import Artifact, FlowRun, FlowRunState, Log, RetentionReport, TaskRun, TaskRunState

BIG: tuple[type[Model], ...] = (FlowRun, FlowRunState, TaskRun, TaskRunState, Log, Event, Artifact)
SLOW_SECONDS = 0.25  # for a question that reads nothing


def database_facts() -> list[Fact]:
    """One query, whose time is told too."""
    began = time.perf_counter()
    facts = _sqlite() if connection.vendor == "sqlite" else _postgresql()
    seconds = time.perf_counter() - began
    trouble = "It answers slowly." if seconds > SLOW_SECONDS else ""
    return [Fact("Database", database_name()), *facts, Fact("Answers in", f"{seconds * 1000:.1f} ms", trouble)]


def row_facts() -> list[Fact]:
    """Of the tables that grow. Two queries."""
    found = estimate_rows(BIG)
    return [Fact(_plural(model), f"{'' if rows < SMALL else 'about '}{rows:,}") for model, rows in found.items()]


def retention_facts() -> list[Fact]:
    """How long what is kept. One query."""
    last = RetentionReport.objects.order_by("-at").first()
    kinds = ("RUNS", "TASK_RUNS", "LOGS", "ARTIFACTS", "EVENTS", "HEARTBEATS")
    facts = [
        Fact(kind.capitalize().replace("_", " "), _days(getattr(settings, f"{kind}_RETENTION_DAYS"))) for kind in kinds
    ]
    return [*facts, Fact("Deleted last", f"{last.words}, at {last.at:%Y-%m-%d %H:%M} UTC" if last else "nothing yet")]


def _sqlite() -> list[Fact]:
    pages = "SELECT sqlite_version(), page_count * page_size, freelist_count * page_size"
    version, size, free = _row(f"{pages} FROM pragma_page_count(), pragma_page_size(), pragma_freelist_count()")
    file = Path(f"{connection.settings_dict['NAME']}-wal")
    ahead = file.stat().st_size if file.exists() else 0
    return [
        Fact("Kind", f"SQLite {version}"),
        Fact("Size", f"{bytes_words(size)}, of which {bytes_words(free)} can be used again"),
        Fact("Write-ahead log", bytes_words(ahead)),
    ]


def _postgresql() -> list[Fact]:
    version, size, used, most = _row(
        "SELECT current_setting('server_version'), pg_database_size(current_database()), "
        "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
        "current_setting('max_connections')::int"
    )
    trouble = "Few connections are left." if used > 0.9 * most else ""
    return [
        Fact("Kind", f"PostgreSQL {version}"),
        Fact("Size", bytes_words(size)),
        Fact("Connections", f"{used} of {most}", trouble),
    ]


def _days(days: int) -> str:
    if not days:
        return "kept for ever"
    return f"kept {days} {'day' if days == 1 else 'days'}"


def _plural(model: type[Model]) -> str:
    return str(model._meta.verbose_name_plural).capitalize()


def _row(sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
