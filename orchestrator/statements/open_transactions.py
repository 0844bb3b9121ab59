"""What other connections have written and not committed yet."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def is_writing_since(at: datetime) -> bool:
    """Whether somebody who began to write before this moment, by the database's clock, has not committed yet.

    On SQLite one writes at a time, so whoever sees a row sees all that was written before it.
    """
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        # Of sessions of other users only the number is shown, unless the administrator allows more: those do not count.
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL AND xact_start < %s)",
            [at],
        )
        row = cursor.fetchone()
    return bool(row and row[0])
