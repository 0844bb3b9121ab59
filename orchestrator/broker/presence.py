"""Whether anybody still reads a queue of replies: a worker executes nothing for a flow whose process is gone.

The embedded broker is on one machine, so the system itself knows: the reader holds a lock on a file, which ends with
its process. Redis keeps a word of the reader for as long as it is renewed; it is signed, so that nobody who has no key
can keep it up. RabbitMQ counts its readers. Of other brokers nothing is known, and whoever sent is believed to wait.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.broker.bells import Bells
from orchestrator.broker.signing import Signer
from orchestrator.broker.transport import path_of

LEASE_SECONDS = 30  # for which Redis keeps the word of a reader that does not renew it
CLOCKS_DIFFER_SECONDS = 600.0  # at most, between two hosts: an older word is not believed
_PURPOSE = "presence"

_held: weakref.WeakSet[Presence] = weakref.WeakSet()


class Presence:
    """The mark of the one who reads a queue, from `renew` to `end`."""

    def __init__(self, queue: str, signer: Signer) -> None:
        self._queue = queue
        self._signer = signer
        self._descriptor = -1
        _held.add(self)

    def renew(self, connection: Any) -> None:
        """Called about once a second. Raises what the broker's library raises."""
        kind = connection.transport.driver_type
        if kind == "redis":
            at = repr(time.time())
            signature = self._signer.sign(_PURPOSE, self._queue.encode(), at.encode())
            word = json.dumps({"at": at, "signature": signature})
            connection.default_channel.client.set(_name(self._queue), word, ex=LEASE_SECONDS)
        elif kind == "sqlite" and not self._holds(_mark(connection, self._queue)):
            self._hold(_mark(connection, self._queue))

    def end(self, connection: Any = None) -> None:
        """Nobody reads any more; with a connection nothing is left on the broker."""
        if connection is not None:
            with suppress(Exception):  # each broker library has errors of its own; what is left there ends by itself
                if connection.transport.driver_type == "redis":
                    connection.default_channel.client.delete(_name(self._queue))
                elif connection.transport.driver_type == "sqlite":
                    _mark(connection, self._queue).unlink(missing_ok=True)
        self.let_go()

    def _holds(self, mark: Path) -> bool:
        """Whether the lock is on the file that others look at: somebody may have removed it."""
        try:
            return self._descriptor >= 0 and os.path.samestat(os.fstat(self._descriptor), os.stat(mark))
        except FileNotFoundError:
            return False

    def _hold(self, mark: Path) -> None:
        self.let_go()
        mark.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def let_go(self) -> None:
        """Of the lock, in this process: another that was forked from it keeps it nonetheless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_read(connection: Any, queue: str, signer: Signer) -> bool:
    """Whether somebody reads the queue, as far as the broker knows. Raises what the broker's library raises."""
    kind = connection.transport.driver_type
    if kind == "sqlite":
        return _is_locked(_mark(connection, queue))
    if kind == "redis":
        return _is_true(connection.default_channel.client.get(_name(queue)), queue, signer)
    if kind == "amqp":
        try:
            with connection.channel() as channel:
                return bool(channel.queue_declare(queue=queue, passive=True).consumer_count)
        except connection.channel_errors:
            return False
    return True


def _is_locked(mark: Path) -> bool:
    try:
        descriptor = os.open(mark, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def _is_true(word: bytes | None, queue: str, signer: Signer) -> bool:
    try:
        told = json.loads(word or b"")
        at, signature = told["at"], told["signature"]
        is_recent = time.time() - float(at) < CLOCKS_DIFFER_SECONDS
        return is_recent and signer.is_signed(signature, _PURPOSE, queue.encode(), at.encode())
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def _name(queue: str) -> str:
    return f"{queue}.reader"


def _mark(connection: Any, queue: str) -> Path:
    """Beside the queue's bell."""
    return Bells(path_of(connection.hostname)).place(_name(queue))


def _let_go_in_child() -> None:
    for presence in list(_held):
        presence.let_go()


os.register_at_fork(after_in_child=_let_go_in_child)
