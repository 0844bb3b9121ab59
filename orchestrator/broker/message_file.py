"""The SQLite file of the broker: its tables, and how it is opened, be it new, of today or of an older version."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

BUSY_TIMEOUT_SECONDS = 20.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    payload TEXT NOT NULL,
    expires_at REAL,
    deliveries INTEGER NOT NULL DEFAULT 0,
    leased_until REAL NOT NULL DEFAULT 0,
    holder TEXT
);
CREATE INDEX IF NOT EXISTS message_by_holder ON message (holder) WHERE holder IS NOT NULL;
CREATE INDEX IF NOT EXISTS message_by_expiry ON message (expires_at) WHERE expires_at IS NOT NULL;
"""
# Files from before there were priorities have no such column.
_WITH_PRIORITIES = "ALTER TABLE message ADD COLUMN priority INTEGER NOT NULL DEFAULT 0"
_BY_URGENCY = """
CREATE INDEX IF NOT EXISTS message_by_urgency ON message (queue, priority, id);
DROP INDEX IF EXISTS message_by_queue;
"""
# A file that takes the place of another gives out other numbers: whoever finishes a message of the old one must not
# hit one of the new.
_NUMBERS_OF_ITS_OWN = """
INSERT INTO sqlite_sequence (name, seq) SELECT 'message', ?
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'message')
"""


def open_message_file(path: Path) -> sqlite3.Connection:
    """A connection that any thread may use, each statement its own transaction. Makes the file if there is none.

    Raises `sqlite3.OperationalError` when others keep the file locked for 20 seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _use_write_ahead_log(connection)
        # NORMAL survives the death of any process; only a power cut may lose the last wake-ups, which are sent again.
        connection.execute("PRAGMA synchronous = NORMAL")
        _lay_out(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Of a new file, too: when two open it at the same moment, SQLite refuses one of them without waiting."""
    until = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # of whichever kind
            if not busy or time.monotonic() > until:
                raise
            time.sleep(0.005)


def _lay_out(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)
    if "priority" not in {row[1] for row in connection.execute("PRAGMA table_info(message)")}:
        with suppress(sqlite3.OperationalError):  # another process was quicker
            connection.execute(_WITH_PRIORITIES)
    connection.executescript(_BY_URGENCY)
    connection.execute(_NUMBERS_OF_ITS_OWN, [int(time.time() * 1000)])
