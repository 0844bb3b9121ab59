"""How this server is set up, as far as somebody who checks it wants to know. No secret is told."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import django
from django.conf import settings
from django.db import DatabaseError, connection

from orchestrator import __version__
from orchestrator.contract.times import format_time, now
from orchestrator.upkeep import schema_changes
from orchestrator.web.models import WebPulse
from orchestrator.web.pulse import SILENT_SECONDS


def set_up_facts() -> dict[str, Any]:
    return {
        "version": __version__,
        "django": django.get_version(),
        "settings": _settings(),
        "database": _database(),
    }


def _settings() -> dict[str, Any]:
    return {
        "home": str(settings.HOME),
        "public_url": settings.PUBLIC_URL,
        "allowed_hosts": list(settings.ALLOWED_HOSTS),
        "asks_who_calls": settings.API_AUTH == "required",
        "debug": settings.DEBUG,
        "secret_key_length": len(settings.SECRET_KEY),
        "redis_url": settings.REDIS_URL,
        "http_threads": settings.HTTP_THREADS,
    }


def _database() -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": connection.vendor, "name": schema_changes.database_name(), "error": None}
    try:
        connection.ensure_connection()
        facts |= _clock()
        facts |= _of_sqlite() if connection.vendor == "sqlite" else _of_postgresql()
        facts |= _migrations()
        facts["web_processes"] = _web_processes()
    except DatabaseError as error:
        facts["error"] = str(error).strip()
    return facts


def _clock() -> dict[str, Any]:
    """By how many seconds the database's clock is ahead of this machine's."""
    began = time.time()
    seconds = (
        "SELECT (julianday('now') - 2440587.5) * 86400.0"
        if connection.vendor == "sqlite"
        else "SELECT extract(epoch FROM clock_timestamp())"
    )
    (told,) = _row(seconds)
    return {"clock_ahead_seconds": float(told) - (began + time.time()) / 2}


def _of_sqlite() -> dict[str, Any]:
    (version,) = _row("SELECT sqlite_version()")
    (journal,) = _row("PRAGMA journal_mode")
    return {"version": version, "journal_mode": journal, "file": str(connection.settings_dict["NAME"])}


def _of_postgresql() -> dict[str, Any]:
    (version,) = _row("SHOW server_version")
    (most,) = _row("SELECT current_setting('max_connections')::int")
    (used,) = _row("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
    (isolation,) = _row("SHOW default_transaction_isolation")
    return {"version": version, "most_connections": most, "used_connections": used, "isolation": isolation}


def _migrations() -> dict[str, Any]:
    plan = schema_changes.plan_upgrade()
    return {"pending": [step.label for step in plan.steps], "unknown": list(plan.missing)}


def _web_processes() -> list[dict[str, str]]:
    """Those that were up a moment ago; none on a database without tables."""
    if WebPulse._meta.db_table not in connection.introspection.table_names():
        return []
    seen = now() - timedelta(seconds=SILENT_SECONDS)
    return [{"since": format_time(pulse.started_at)} for pulse in WebPulse.objects.seen_since(seen)]


def _row(sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
