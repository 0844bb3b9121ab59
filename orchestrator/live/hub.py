"""Where what is new meets who waits for it: one hub per event loop, fed by the tail and by the writers of logs.

Everything here runs on the event loop, except the functions `events_came` and `lines_came`, through which other
threads hand things over.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from orchestrator.events.models import Event
from orchestrator.live.tail import tail
from orchestrator.web.threads import http_threads

T = TypeVar("T")

MOST_WAITING = 10_000  # items that a reader may be behind
MOST_BATCHES_AHEAD = 16  # that the tail may hand over before the event loop has looked at them


class TooSlow(Exception):
    """The reader is so far behind that items had to be dropped."""


class Subscription(Generic[T]):
    """What one reader wants, in the order in which it came, until it is read."""

    def __init__(self, wants: Callable[[T], bool]) -> None:
        self.wants = wants
        self._items: deque[T] = deque()
        self._filled = asyncio.Event()
        self._overrun = False

    def offer(self, items: Sequence[T]) -> None:
        wanted = [item for item in items if self.wants(item)]
        if not wanted:
            return
        if len(self._items) + len(wanted) > MOST_WAITING:
            self._drop([*self._items, *wanted])
            self._items.clear()
        else:
            self._items.extend(wanted)
        self._filled.set()

    async def take(self) -> list[T]:
        """Everything that waits, at least one item. Raises TooSlow once something had to be dropped."""
        await self._filled.wait()
        if self._overrun:
            raise TooSlow
        return self._take_waiting()

    def _drop(self, items: Sequence[T]) -> None:
        self._overrun = True

    def _take_waiting(self) -> list[T]:
        self._filled.clear()
        items = list(self._items)
        self._items.clear()
        return items


class EventSubscription(Subscription[Event]):
    """One that drops nothing for good: what was too much to be kept here is read from the log instead."""

    def __init__(self, wants: Callable[[Event], bool]) -> None:
        super().__init__(wants)
        self._dropped_from: int | None = None

    async def take_or_missed(self) -> tuple[int | None, list[Event]]:
        """What waits, and the number of the first event that had to be dropped before it; None when none had."""
        await self._filled.wait()
        dropped_from, self._dropped_from = self._dropped_from, None
        return dropped_from, self._take_waiting()

    def _drop(self, items: Sequence[Event]) -> None:
        first = min(event.sequence for event in items)
        self._dropped_from = first if self._dropped_from is None else min(first, self._dropped_from)


Watcher = Callable[[Sequence[Any]], None]


class Hub:
    """The readers of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._event_watchers: set[Watcher] = set()
        self._line_watchers: set[Watcher] = set()
        self._ahead = threading.Semaphore(MOST_BATCHES_AHEAD)
        self._following = False
        self._switch = asyncio.Lock()

    @property
    def wants_lines(self) -> bool:
        return bool(self._line_watchers)

    async def watch_events(self, watcher: Watcher) -> None:
        """Call `watcher` with every event that is committed after this returns."""
        async with self._switch:
            self._event_watchers.add(watcher)
            if not self._following:
                await http_threads.call(tail.follow, self.events_came)
                self._following = True

    async def unwatch_events(self, watcher: Watcher) -> None:
        async with self._switch:
            self._event_watchers.discard(watcher)
            if not self._event_watchers and self._following:
                tail.leave(self.events_came)
                self._following = False

    def watch_lines(self, watcher: Watcher) -> None:
        """Call `watcher` with the log lines that are written from now on."""
        self._line_watchers.add(watcher)

    def unwatch_lines(self, watcher: Watcher) -> None:
        self._line_watchers.discard(watcher)

    def events_came(self, events: Sequence[Event]) -> None:
        """From the tail's thread. Waits while the event loop is behind."""
        while not self._ahead.acquire(timeout=1.0):
            if self.loop.is_closed():
                return
        try:
            self.loop.call_soon_threadsafe(self._spread_events, events)
        except RuntimeError:  # the loop has ended
            self._ahead.release()

    def lines_came(self, lines: Sequence[dict[str, Any]]) -> None:
        """From any thread."""
        if self._line_watchers and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.spread_lines, lines)

    def spread_lines(self, lines: Sequence[dict[str, Any]]) -> None:
        for watcher in tuple(self._line_watchers):
            watcher(lines)

    def _spread_events(self, events: Sequence[Event]) -> None:
        self._ahead.release()
        for watcher in tuple(self._event_watchers):
            watcher(events)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def current_hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for ended in [other for other in _hubs if other.is_closed()]:
            del _hubs[ended]
        _hubs[loop] = Hub(loop)
    return _hubs[loop]


def all_hubs() -> list[Hub]:
    """In a server this is one; without Redis none before the first reader came."""
    return [hub for hub in tuple(_hubs.values()) if not hub.loop.is_closed()]
