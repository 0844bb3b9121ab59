"""What each connection to PostgreSQL is told when it is opened."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from orchestrator.statements.executing import allow_preparing


def tell_new_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Compile no statement: by the tables' sizes it looks worth while, and takes longer than most statements do.

    A statement rather than an option of the connection, which those who pool connections in between refuse. Where they
    do, the next statement may reach another session, which knows nothing of what this one was asked to prepare.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('jit', 'off', false), pg_backend_pid()")
            _, session = cursor.fetchone()
        allow_preparing(connection, session == connection.connection.info.backend_pid and _may_prepare(connection))
        if connection.timezone is UTC:
            connection.connection.adapters.register_loader("timestamptz", _reader_of_times())


def _may_prepare(connection: BaseDatabaseWrapper) -> bool:
    """Unless the settings say that the server's sessions are not ours to keep things in."""
    settings = connection.settings_dict
    switched_off = settings["OPTIONS"].get("prepare_threshold", 0) is None
    return not switched_off and not settings.get("DISABLE_SERVER_SIDE_CURSORS")


@cache
def _reader_of_times() -> type:
    """Ten times as fast as Django's, for the form in which a session in UTC writes times of our era."""
    from django.db.backends.postgresql.psycopg_any import BaseTzLoader  # only where there is a PostgreSQL

    class TimesInUtc(BaseTzLoader):
        timezone = UTC

        def load(self, data: Any) -> datetime:
            with suppress(ValueError):
                moment = datetime.fromisoformat(str(data, "ascii"))
                if moment.tzinfo is UTC:
                    return moment
            other: datetime = super().load(data)
            return other

    return TimesInUtc
