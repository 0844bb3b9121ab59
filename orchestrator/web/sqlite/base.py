"""SQLite as Django knows it, with a queue for the writers of one process, and less work for each statement.

SQLite lets one transaction write at a time, and lets the others sleep and ask again: under load, turns are taken by
chance, and sleeps add up to tenths of a second. Threads of one process can do better: they wait for a lock, and
whoever is next begins in the moment in which the one before has committed. Other processes are still met the old way.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from django.db.backends.sqlite3 import base

from orchestrator.statements.executing import goes_unheard

_turn = threading.Lock()


class Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        """Django looks through each statement with a pattern. Where no percent sign is escaped, replacing does the same
        in a small share of the time.
        """
        if param_names is None and "%%" not in query:
            return query.replace("%s", "?")
        converted: str = super().convert_query(query, param_names=param_names)
        return converted


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._turn: threading.Lock | None = None  # the lock, while this connection holds it

    def create_cursor(self, name: Any = None) -> Cursor:
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        # After the database's own timeout the transaction is tried anyway, and the database says what is wrong.
        turn = _turn
        if self._turn is None and turn.acquire(timeout=self.settings_dict["OPTIONS"].get("timeout", 5.0)):
            self._turn = turn
        try:
            self._begin()
        except BaseException:
            self._pass_on()
            raise

    def _begin(self) -> None:
        self._say(f"BEGIN {self.transaction_mode or ''}".rstrip())  # type: ignore[attr-defined]

    def _savepoint(self, sid: str) -> None:
        self._say(self.ops.savepoint_create_sql(sid))

    def _savepoint_commit(self, sid: str) -> None:
        self._say(self.ops.savepoint_commit_sql(sid))

    def _say(self, sql: str) -> None:
        if goes_unheard(self):
            with self.wrap_database_errors:
                self.connection.execute(sql)
        else:
            with self.cursor() as cursor:
                cursor.execute(sql)

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._pass_on()  # a commit that fails is followed by a rollback

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._pass_on()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.release()


def _begin_anew() -> None:
    """A forked process has none of the threads that might hold the lock."""
    global _turn
    _turn = threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)
