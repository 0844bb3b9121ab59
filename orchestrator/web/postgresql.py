"""What each connection to PostgreSQL is told when it is opened."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def tell_new_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Compile no statement: by the tables' sizes it looks worth while, and takes longer than most statements do.

    A statement rather than an option of the connection, which those who pool connections in between refuse.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
