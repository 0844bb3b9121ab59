"""From the edges to the database: events of all sockets and requests of this process, stored in batches by one thread.

A batch is stored when 500 events have gathered, when somebody waits for the outcome, or 50 ms after its first event:
most come in little bursts. One bad event costs only itself, and a busy database costs only time: the queue is bounded,
and whoever fills it has to wait.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import NamedTuple

from django.db import Error as DatabaseFault
from django.db import IntegrityError, InterfaceError, OperationalError, connection

from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.05
BATCH_EVENTS = 500
MOST_EVENTS = 10_000  # waiting in this process
MOST_BYTES = 64_000_000
FIRST_RETRY_SECONDS = 0.05
SLOWEST_RETRY_SECONDS = 2.0
# Classes of PostgreSQL's error codes that pass with time: connection, conflict, resources, locks, intervention.
PASSING_CODES = ("08", "40", "53", "55", "57")


class NotStored(Exception):
    """Some of the events could not be stored, and sending them again would not help."""


class NotYetStored(Exception):
    """The database was too busy for too long; the events may be stored later, and may be sent again."""


class Ticket:
    """Tells one waiting caller when all of its events have been dealt with."""

    def __init__(self, open_events: int) -> None:
        self._open = open_events
        self._failed = 0
        self._done = threading.Event()

    def settle(self, stored: bool) -> None:
        self._failed += not stored
        self._open -= 1
        if not self._open:
            self._done.set()

    def wait(self, timeout_seconds: float) -> None:
        """Raises NotStored or NotYetStored."""
        if not self._done.wait(timeout_seconds):
            raise NotYetStored
        if self._failed:
            raise NotStored(f"{self._failed} of the events could not be stored.")


class Receipt:
    """Calls back on its event loop. It queues behind the events that it is for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Callable[[], None]) -> None:
        self._loop = loop
        self._answer = answer

    def settle(self, stored: bool) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._answer)


class Item(NamedTuple):
    """An event; or no event but a receipt, which says that those before it have been dealt with."""

    event: Event | None
    size_bytes: int
    ticket: Ticket | Receipt | None


class Pipeline:
    """A bounded queue and the one thread that empties it. The thread begins with the first event."""

    def __init__(self, store: Callable[[Sequence[Event]], object] = ingest) -> None:
        self._store = store
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._urgent = 0
        self._due_at = 0.0  # when the first that waits has waited long enough
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sleeping = False
        self._storing = False
        self._stopping = False
        self._give_up_at = float("inf")
        self._readers: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def start(self) -> None:
        """Accept events again after `stop`."""
        with self._changed:
            self._stopping = False
            self._give_up_at = float("inf")

    def offer(self, event: Event, size_bytes: int) -> bool:
        """Take the event, to be stored soon. False when there is no room; then `await room()` and offer it again.

        Raises NotYetStored when the pipeline is stopping.
        """
        with self._changed:
            if self._stopping:
                raise NotYetStored
            if self._is_full():
                return False
            self._append(Item(event, size_bytes, None))
        return True

    def when_stored(self, answer: Callable[[], None]) -> None:
        """Call `answer` on this event loop when every event that was offered before has been dealt with."""
        with self._changed:
            if not self._items and not self._storing:
                asyncio.get_running_loop().call_soon(answer)
            else:
                self._append(Item(None, 0, Receipt(asyncio.get_running_loop(), answer)))

    async def room(self) -> None:
        """Return when there is room again."""
        loop = asyncio.get_running_loop()
        free = loop.create_future()
        with self._changed:
            if not self._is_full():
                return
            self._readers.append((loop, free))
        await free

    def store(self, events: Sequence[Event], size_bytes: int, timeout_seconds: float = 30.0) -> None:
        """Return when the events are committed. Raises NotStored or NotYetStored.

        Inside a transaction they become part of it: waiting for another thread there would wait for oneself.
        """
        if not events:
            return
        if connection.in_atomic_block:
            self._store(events)
            return
        ticket = Ticket(len(events))
        deadline = monotonic() + timeout_seconds
        share = size_bytes // len(events)
        with self._changed:
            for event in events:
                while self._is_full():
                    if not self._changed.wait(deadline - monotonic()) and monotonic() >= deadline:
                        raise NotYetStored
                if self._stopping:
                    raise NotYetStored
                self._append(Item(event, share, ticket))
        ticket.wait(max(0.0, deadline - monotonic()))

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Store what waits, then end the thread."""
        with self._changed:
            self._stopping = True
            self._give_up_at = monotonic() + timeout_seconds
            thread, self._thread = self._thread, None
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout_seconds + 1)
            if self._items:
                logger.error("%d events could not be stored before the end.", len(self._items))

    def _is_full(self) -> bool:
        return len(self._items) >= MOST_EVENTS or self._bytes >= MOST_BYTES

    def _append(self, item: Item) -> None:
        if not self._items:
            self._due_at = monotonic() + BATCH_SECONDS
        self._items.append(item)
        self._bytes += item.size_bytes
        self._urgent += item.ticket is not None
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="event-ingest", daemon=True)
            self._thread.start()
            atexit.register(self.stop)
        elif self._sleeping or (self._urgent == 1 and item.ticket) or len(self._items) == BATCH_EVENTS:
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            while batch := self._next_batch():
                self._store_batch(batch)
        finally:
            connection.close()

    def _next_batch(self) -> list[Item]:
        """The next events to store; empty when the thread is to end."""
        with self._changed:
            self._storing = False
            while not self._items and not self._stopping:
                self._sleeping = True
                self._changed.wait()
                self._sleeping = False
            while not (self._urgent or self._stopping or len(self._items) >= BATCH_EVENTS):
                remaining = self._due_at - monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)
            batch = [self._items.popleft() for _ in range(min(BATCH_EVENTS, len(self._items)))]
            self._bytes -= sum(item.size_bytes for item in batch)
            self._urgent -= sum(item.ticket is not None for item in batch)
            self._storing = bool(batch)
            self._changed.notify_all()
            if len(self._items) <= MOST_EVENTS // 2:
                self._wake_readers()
        return batch

    def _wake_readers(self) -> None:
        readers, self._readers = self._readers, []
        for loop, free in readers:
            loop.call_soon_threadsafe(_release, free)

    def _store_batch(self, batch: list[Item], *, again: bool = False) -> None:
        try:
            self._persist(batch)
        except Exception as error:  # noqa: BLE001  one bad event must not stop the others, whatever is wrong with it
            if len(batch) == 1 and isinstance(error, IntegrityError) and not again:
                # Another process stored the same event in this moment; now it is known, and passed over.
                self._store_batch(batch, again=True)
            elif len(batch) == 1:
                self._drop(batch[0], error)
            else:
                logger.warning("A batch of %d events was refused, so they are stored one by one: %r", len(batch), error)
                for item in batch:
                    self._store_batch([item])
            return
        for item in batch:
            if item.ticket:
                item.ticket.settle(stored=True)

    def _persist(self, batch: list[Item]) -> None:
        """Store the batch, however long the database is busy. Raises what would be raised again."""
        delay_seconds = FIRST_RETRY_SECONDS
        while True:
            try:
                events = [item.event for item in batch if item.event is not None]
                if events:
                    self._store(events)
                return
            except DatabaseFault as error:
                if not passes_with_time(error) or monotonic() > self._give_up_at:
                    raise
                logger.warning("The database is busy; %d events wait: %s", len(batch) + len(self._items), error)
                connection.close_if_unusable_or_obsolete()
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, delay_seconds)
            delay_seconds = min(2 * delay_seconds, SLOWEST_RETRY_SECONDS)

    def _drop(self, item: Item, error: Exception) -> None:
        if item.event is not None:
            logger.error("Event %s (%s) cannot be stored: %r", item.event.id, item.event.event, error)
        if item.ticket:
            item.ticket.settle(stored=False)


def _release(free: asyncio.Future[None]) -> None:
    if not free.done():
        free.set_result(None)


def passes_with_time(error: DatabaseFault) -> bool:
    """Whether the same statement may succeed later: the database was locked, overloaded or away."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    if connection.vendor == "sqlite":
        return any(word in str(error) for word in ("locked", "busy"))
    code = getattr(error.__cause__, "sqlstate", None)
    return code is None or code.startswith(PASSING_CODES)


pipeline = Pipeline()
