"""Carrying the parts of a long answer from the thread that makes them to the event loop, at the reader's pace."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable

MOST_BYTES_AHEAD = 256 * 1024  # how far the thread may run ahead of the reader


class ReaderGone(Exception):
    """The client stopped reading, so no more parts are wanted."""


class Pipe:
    """One thread puts parts in; the event loop takes out whatever has gathered.

    `put` blocks while the reader is far behind, which is what keeps a large download out of memory.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._error: BaseException | None = None
        self._gone = False
        self._announced = False
        self._room = threading.Condition()
        self._filled = asyncio.Event()

    def put(self, part: bytes) -> None:
        """Raises ReaderGone when the client has left."""
        with self._room:
            while self._size >= MOST_BYTES_AHEAD and not self._gone:
                self._room.wait()
            if self._gone:
                raise ReaderGone
            self._parts.append(part)
            self._size += len(part)
            self._announce()

    def end(self, error: BaseException | None = None) -> None:
        with self._room:
            self._ended = True
            self._error = error
            self._announce()

    def abandon(self) -> None:
        """Let the thread end at its next part."""
        with self._room:
            self._gone = True
            self._room.notify_all()

    async def take(self) -> bytes:
        """All parts that wait, joined; empty at the end. Raises what stopped the thread."""
        await self._filled.wait()
        with self._room:
            data = b"".join(self._parts)
            self._parts.clear()
            self._size = 0
            self._announced = False
            if not self._ended:
                self._filled.clear()
            self._room.notify_all()
            if not data and self._error is not None:
                raise self._error
        return data

    def _announce(self) -> None:
        if not self._announced:
            self._announced = True
            try:
                self._loop.call_soon_threadsafe(self._filled.set)
            except RuntimeError:  # the loop has ended
                self._gone = True


def pour(parts: Iterable[bytes], pipe: Pipe, close: Callable[[], None]) -> None:
    """Put every part into the pipe and close what makes them, however it ends. Runs in a thread of its own."""
    error: BaseException | None = None
    try:
        for part in parts:
            if part:
                pipe.put(bytes(part))
    except ReaderGone:
        pass
    except BaseException as raised:  # noqa: BLE001  the event loop raises it again and breaks the connection off
        error = raised
    finally:
        try:
            close()
        finally:
            pipe.end(error)
