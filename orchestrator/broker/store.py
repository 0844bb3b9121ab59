"""Messages in one SQLite file, handed out under leases. Knows nothing of kombu or Celery."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from orchestrator.broker.bells import Bells
from orchestrator.broker.message_file import open_message_file

FULL_CHECK_SECONDS = 1.0  # how long "nothing new" is believed: a lease ends without anybody writing
PURGE_SECONDS = 10.0  # how often expired messages are looked for

_FREE = "queue = :queue AND leased_until <= :now AND (expires_at IS NULL OR expires_at > :now)"
_LOOK = f"SELECT 1 FROM message WHERE {_FREE} LIMIT 1"
# `expires_at` limits the wait for a first delivery; a message that was delivered once must not vanish.
_TAKE = f"""
UPDATE message SET leased_until = :until, holder = :holder, deliveries = deliveries + 1, expires_at = NULL
WHERE id = (SELECT id FROM message WHERE {_FREE} ORDER BY priority, id LIMIT 1)
RETURNING id, payload, deliveries
"""

_PUT = "INSERT INTO message (queue, priority, payload, expires_at) VALUES (?, ?, ?, ?)"

_stores: weakref.WeakSet[MessageStore] = weakref.WeakSet()
_making = threading.RLock()  # held while a process forks: no store is made meanwhile
_at_rest: list[MessageStore] = []  # while a process forks


@dataclass(frozen=True, slots=True)
class Leased:
    """A message that nobody else is given until its lease ends."""

    id: int
    payload: str
    deliveries: int  # 1 the first time


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way into the file. It vanishes unless it is delivered within `expires_in_seconds`."""

    queue: str
    payload: str
    priority: int = 0  # the lowest is delivered first
    expires_in_seconds: float | None = None


class MessageStore:
    """One user of the broker file. Threads may share it; a forked child gets a connection and leases of its own.

    A lease that is not renewed for `lease_seconds` ends, and the message is handed out again.
    """

    def __init__(self, path: Path | str, *, lease_seconds: float = 60.0) -> None:
        self.path = Path(path)
        self.lease_seconds = lease_seconds
        self.bells = Bells(self.path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # which file the connection has open
        self._holder = ""  # of the leases: another one in each process, and for each file
        self._quiet_version: int | None = None
        self._quiet_until = 0.0
        self._renew_at = 0.0
        self._purge_at = 0.0
        with _making:
            _stores.add(self)

    def put(self, queue: str, payload: str, *, priority: int = 0, expires_in_seconds: float | None = None) -> int:
        """Add a message and return its id; those with the lowest priority are delivered first.

        With `expires_in_seconds` it vanishes unless it is delivered by then.
        """
        with self._lock:
            self._quiet_version = None
            cursor = self._open().execute(_PUT, _row(Sent(queue, payload, priority, expires_in_seconds)))
            self.bells.ring(queue)
            return int(cursor.lastrowid or 0)

    def put_all(self, messages: Sequence[Sent]) -> None:
        """Add messages in their order, all or none. Consumers do not wait for the file between two of them."""
        with self._lock:
            self._quiet_version = None
            connection = self._open()
            with connection:  # which commits, or takes back
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_PUT, map(_row, messages))
            for queue in dict.fromkeys(message.queue for message in messages):
                self.bells.ring(queue)

    def take(self, queue: str) -> Leased | None:
        """Lease the most urgent free message of the queue, the oldest of them. None when there is none."""
        now = time.time()
        with self._lock:
            connection = self._open()
            facts = {"queue": queue, "now": now, "until": now + self.lease_seconds, "holder": self._holder}
            # Looking first keeps an idle consumer from taking the write lock.
            if connection.execute(_LOOK, facts).fetchone() is None:
                return None
            rows = connection.execute(_TAKE, facts).fetchall()
        return Leased(*rows[0]) if rows else None

    def take_any(self, queues: Sequence[str]) -> tuple[str, Leased] | None:
        """Lease from the first of the queues that has a message. None, nearly for free, while nothing was written."""
        with self._lock:
            version = self._data_version()
            now = time.monotonic()
            if now >= self._renew_at:
                self._look_after_leases(now)
            if version == self._quiet_version and now < self._quiet_until:
                return None
            for queue in queues:
                leased = self.take(queue)
                if leased is not None:
                    return queue, leased
            self._quiet_version, self._quiet_until = version, now + FULL_CHECK_SECONDS
            return None

    def finish(self, message_id: int) -> None:
        """The message was worked on: forget it, even when its lease has ended meanwhile."""
        with self._lock:
            self._open().execute("DELETE FROM message WHERE id = ?", (message_id,))

    def give_back(self, message_id: int) -> None:
        """End this holder's lease at once, so that the message is handed out again."""
        with self._lock:
            self._quiet_version = None
            returned = self._open().execute(
                "UPDATE message SET leased_until = 0, holder = NULL WHERE id = ? AND holder = ? RETURNING queue",
                (message_id, self._holder),
            )
            for (queue,) in returned.fetchall():
                self.bells.ring(queue)

    def purge(self, queue: str) -> int:
        """Remove the messages of the queue that nobody holds and return how many there were."""
        with self._lock:
            cursor = self._open().execute(
                "DELETE FROM message WHERE queue = ? AND leased_until <= ?", (queue, time.time())
            )
            return cursor.rowcount

    def forget(self, queue: str) -> None:
        """Remove the queue with its messages and its bell; those that are held stay until their leases end."""
        with self._lock:
            self.purge(queue)
            self.bells.remove(queue)

    def size(self, queue: str) -> int:
        """How many messages wait in the queue, those under a lease not counted."""
        facts = {"queue": queue, "now": time.time()}
        with self._lock:
            return int(self._open().execute(f"SELECT count(*) FROM message WHERE {_FREE}", facts).fetchone()[0])

    def close(self) -> None:
        """Close the connection; leases stay until they end or another call renews them."""
        with self._lock:
            self._disconnect()
            self.bells.close()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _data_version(self) -> int:
        """A number that changes when any other connection has written."""
        return int(self._open().execute("PRAGMA data_version").fetchone()[0])

    def _look_after_leases(self, now: float) -> None:
        """Renew what this holder holds, and purge what has expired."""
        self._renew_at = now + self.lease_seconds / 3
        connection = self._open()
        wall = time.time()
        # Only leases that still run: one that ended may be somebody else's by the next statement.
        connection.execute(
            "UPDATE message SET leased_until = ? WHERE holder = ? AND leased_until > ?",
            (wall + self.lease_seconds, self._holder, wall),
        )
        if now >= self._purge_at:
            self._purge_at = now + PURGE_SECONDS
            connection.execute("DELETE FROM message WHERE expires_at <= ? AND leased_until <= ?", (wall, wall))

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            if _identity(self.path) == self._file:
                return self._connection
            # Somebody removed the file or put another in its place: what is written here reaches nobody.
            self.close()
            self._holder = ""
        self._holder = self._holder or uuid4().hex
        self._quiet_version = None
        self._connection = open_message_file(self.path)
        self._file = _identity(self.path)
        return self._connection


def _row(message: Sent) -> tuple[str, int, str, float | None]:
    seconds = message.expires_in_seconds
    return message.queue, message.priority, message.payload, None if seconds is None else time.time() + seconds


def _identity(path: Path) -> tuple[int, int] | None:
    """Of the file that is there now; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _rest() -> None:
    """Before a fork: no statement is under way, and no connection is open.

    SQLite remembers for the whole process which locks it holds on a file. A child would remember that of its parent for
    ever: wait for locks of a thread that it does not have, and not take those that it believes to have.
    """
    _making.acquire()
    for store in list(_stores):
        store._lock.acquire()
        _at_rest.append(store)
        store._disconnect()


def _go_on() -> None:
    """In the parent: connections are opened again when they are needed, and the leases are the same."""
    while _at_rest:
        _at_rest.pop()._lock.release()
    _making.release()


def _begin_anew() -> None:
    """In the child: with leases of its own, and locks that nobody holds."""
    global _making
    _at_rest.clear()
    _making = threading.RLock()
    for store in list(_stores):
        store._lock = threading.RLock()
        store._holder = ""


os.register_at_fork(before=_rest, after_in_parent=_go_on, after_in_child=_begin_anew)
