"""Waking the sockets of task workers when a background task run waits for them.

Commits of this process wake them at once. For those of other processes the queue is looked at ten times a second, by
one question for the whole process, and only while somebody waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from django.db import DatabaseError

from orchestrator.web.threads import TooBusy, http_threads
from runs.services.background import any_waiting
from runs.services.background_queue import add_queue_listener

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1


class QueueWatch:
    """The waiting sockets of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: dict[asyncio.Event, Sequence[str]] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, task_keys: Sequence[str]) -> Iterator[asyncio.Event]:
        """An event that is set when task runs of these keys may wait."""
        wake = asyncio.Event()
        self._waiting[wake] = tuple(task_keys)
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look())
        try:
            yield wake
        finally:
            del self._waiting[wake]
            if not self._waiting and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def queued(self) -> None:
        """From any thread: something was queued by this process."""
        if self._waiting and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for wake in tuple(self._waiting):
            wake.set()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            idle = [keys for wake, keys in self._waiting.items() if not wake.is_set()]
            if not idle:
                continue
            try:
                if await http_threads.call(any_waiting, sorted(set(chain.from_iterable(idle)))):
                    self._wake_all()
            except (DatabaseError, TooBusy) as error:
                logger.warning("The queue of background tasks could not be read; trying again: %s", error)


_watches: dict[asyncio.AbstractEventLoop, QueueWatch] = {}


def current_watch() -> QueueWatch:
    """That of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _watches:
        for ended in [other for other in _watches if other.is_closed()]:
            del _watches[ended]
        _watches[loop] = QueueWatch(loop)
    return _watches[loop]


def _queued() -> None:
    for watch in tuple(_watches.values()):
        watch.queued()


add_queue_listener(_queued)
