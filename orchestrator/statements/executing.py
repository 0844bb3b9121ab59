"""Statements whose text is known, handed to the driver itself.

A cursor of Django's takes as long as most of these statements do. PostgreSQL, besides, is told the text of each once:
it neither reads it nor plans it again. Whoever listens to the statements of a connection still hears of every one.
"""

from __future__ import annotations

from asyncio.events import _get_running_loop
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import FORMAT_QMARK_REGEX

_PREPARES = "orchestrator_prepares"


class Statement:
    """One statement of one connection: `%s` stands where parameters go, `%%` for a percent sign.

    For PostgreSQL parameters are texts, which it reads as the types of what they are compared with or stored in, and
    UUIDs, times and None.
    """

    def __init__(self, through: BaseDatabaseWrapper, sql: str) -> None:
        self._through: Any = through
        self._sql = sql
        self._driver: Any = (_Sqlite if through.vendor == "sqlite" else _Postgresql)(through, sql)

    def run(self, params: Sequence[Any]) -> None:
        """Execute it, for what it does."""
        through = self._through
        if goes_unheard(through):
            with through.wrap_database_errors:
                self._driver.execute(params)
        else:
            with through.cursor() as cursor:
                cursor.execute(self._sql, params)

    def rows(self, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Execute it, for what it answers."""
        through = self._through
        if goes_unheard(through):
            with through.wrap_database_errors:
                found: list[tuple[Any, ...]] = self._driver.execute(params).fetchall()
        else:
            with through.cursor() as cursor:
                cursor.execute(self._sql, params)
                found = cursor.fetchall()
        return found


def rows_of(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a statement answers that is planned for its parameters each time, which are such as Django hands over."""
    through: Any = connections[DEFAULT_DB_ALIAS]
    if not goes_unheard(through):
        with through.cursor() as cursor:
            cursor.execute(sql, params)
            heard: list[tuple[Any, ...]] = cursor.fetchall()
            return heard
    with through.wrap_database_errors:
        text = _with_question_marks(sql) if through.vendor == "sqlite" else sql
        found: list[tuple[Any, ...]] = through.connection.execute(text, params).fetchall()
        return found


@contextmanager
def sent_together() -> Iterator[None]:
    """Inside, PostgreSQL is not waited for after each statement that answers nothing.

    What is wrong with one is raised by the next that answers something, or at the end: so nothing inside may look at
    whether a statement went well, or begin and end savepoints.
    """
    through: Any = connections[DEFAULT_DB_ALIAS]
    if through.vendor == "postgresql" and goes_unheard(through) and vars(through).get(_PREPARES):
        with through.wrap_database_errors, through.connection.pipeline():
            yield
    else:
        yield


def goes_unheard(through: Any) -> bool:
    """Whether the driver may be asked at once. If not, Django is to do it, and knows why: the connection has to be
    opened first, somebody listens, or there is an error to be raised.
    """
    return not (
        through.connection is None
        or through.needs_rollback
        or through.execute_wrappers
        or through.queries_logged
        or (through.health_check_enabled and not through.health_check_done)
        or _get_running_loop() is not None
    )


def allow_preparing(through: BaseDatabaseWrapper, allowed: bool) -> None:
    """Whether the connection that is open now keeps prepared statements. Those of PostgreSQL do when this was said."""
    vars(through)[_PREPARES] = allowed


@lru_cache(500)
def _with_question_marks(sql: str) -> str:
    return FORMAT_QMARK_REGEX.sub("?", sql).replace("%%", "%")


class _Sqlite:
    def __init__(self, through: BaseDatabaseWrapper, sql: str) -> None:
        self._through = through
        self._sql = _with_question_marks(sql)

    def execute(self, params: Sequence[Any]) -> Any:
        return self._through.connection.execute(self._sql, params)


class _Postgresql:
    def __init__(self, through: BaseDatabaseWrapper, sql: str) -> None:
        from psycopg import errors  # only where there is a PostgreSQL

        self._errors = errors
        self._through: Any = through
        self._sql = sql
        self._cursor: Any = None

    def execute(self, params: Sequence[Any]) -> Any:
        connection = self._through.connection
        cursor = self._cursor
        if cursor is None or cursor.connection is not connection:
            cursor = self._cursor = _cursor(connection)
        if not vars(self._through).get(_PREPARES):
            return cursor.execute(self._sql, params)
        # Set only now: psycopg would otherwise keep the texts of Django's statements, to find out which come often.
        before, connection.prepare_threshold = connection.prepare_threshold, 0
        try:
            return self._execute_prepared(cursor, params)
        finally:
            connection.prepare_threshold = before

    def _execute_prepared(self, cursor: Any, params: Sequence[Any]) -> Any:
        try:
            return cursor.execute(self._sql, params)
        except self._errors.FeatureNotSupported:
            # A migration has changed what the statement answers with. A transaction forgets it as it is rolled back.
            if self._through.in_atomic_block:
                raise
            cursor.connection.execute("DEALLOCATE ALL")
            return cursor.execute(self._sql, params)


def _cursor(connection: Any) -> Any:
    """One that leaves parameters to the database, unlike Django's."""
    from psycopg import Cursor

    return Cursor(connection)
