"""Following the event log: one thread per process reads what is new and hands it to whoever listens.

It reads at once after a commit of this process, and looks ten times a second for those of others, but only while
somebody listens.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic, sleep

from django.db import DatabaseError, connection
from django.db.models import Max, Q

from orchestrator.events.models import Event
from orchestrator.events.registry import add_commit_listener

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1  # between looks for commits of other processes
PAUSE_SECONDS = 0.01  # at least between two reads, so that a busy log is read in larger pieces
BATCH_EVENTS = 500
GAP_SECONDS = 10.0  # how long a missing number is asked for again
MOST_GAPS = 5_000
LOOK_BACK = 1_000  # numbers before the newest in which gaps are looked for when following begins

Listener = Callable[[Sequence[Event]], None]


class Position:
    """How far the log has been read, and which numbers before that are still missing.

    PostgreSQL gives numbers before it commits, so a lower one may become visible after a higher one.
    """

    def __init__(self, last: int, present: Sequence[int] = ()) -> None:
        self.last = last
        self._gaps: dict[int, float] = {}  # number → when it is given up
        self._note_gaps(present, self._first_of(present))

    def advance(self, numbers: Sequence[int]) -> None:
        """`numbers` have been read; ascending."""
        for number in numbers:
            self._gaps.pop(number, None)
        higher = [number for number in numbers if number > self.last]
        self._note_gaps(higher, self.last)
        if higher:
            self.last = higher[-1]

    def missing(self) -> list[int]:
        at = monotonic()
        self._gaps = {number: until for number, until in self._gaps.items() if until > at}
        return list(self._gaps)

    def _note_gaps(self, numbers: Sequence[int], before: int) -> None:
        until = monotonic() + GAP_SECONDS
        for number in numbers:
            if number - before > 1 and len(self._gaps) < MOST_GAPS:
                self._gaps.update(dict.fromkeys(range(max(before + 1, number - MOST_GAPS), number), until))
            before = number

    def _first_of(self, present: Sequence[int]) -> int:
        return present[0] - 1 if present else 0


class Tail:
    """`follow` and `leave` may be called from any thread; listeners are called in the tail's own."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._in_place = False  # the position is known, and everything after it will be read
        self._kicked = threading.Event()
        self._stopping = False
        add_commit_listener(self.kick)

    def follow(self, listener: Listener) -> None:
        """When this returns, every event that is committed from now on will reach `listener`. Blocks for one read."""
        with self._changed:
            self._listeners.append(listener)
            if self._thread is None:
                self._stopping = False
                self._thread = threading.Thread(target=self._work, name="event-tail", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._in_place or self._stopping)

    def leave(self, listener: Listener) -> None:
        with self._changed:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def kick(self) -> None:
        """Something was committed: look now."""
        if self._listeners:
            self._kicked.set()

    def stop(self, timeout_seconds: float) -> None:
        with self._changed:
            self._stopping = True
            thread, self._thread = self._thread, None
            self._listeners.clear()
            self._changed.notify_all()
        self._kicked.set()
        if thread is not None:
            thread.join(timeout_seconds)

    def _work(self) -> None:
        try:
            while self._wait_for_listener():
                self._follow_log()
        finally:
            connection.close()

    def _wait_for_listener(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._listeners or self._stopping)
            return not self._stopping

    def _is_wanted(self) -> bool:
        """Gives up its place in the same moment in which it sees that nobody listens, so that nobody relies on it."""
        with self._changed:
            if self._listeners and not self._stopping:
                return True
            self._in_place = False
            return False

    def _take_place(self) -> None:
        with self._changed:
            self._in_place = True
            self._changed.notify_all()

    def _follow_log(self) -> None:
        """Until nobody listens any more."""
        position: Position | None = None
        changes = Changes()
        while self._is_wanted():
            kicked = self._kicked.is_set()
            self._kicked.clear()
            try:
                if position is None:
                    position = find_position()
                    self._take_place()
                # Asked in any case, so that the commits seen by a kick are not seen again at the next look.
                elif changes.seen() or kicked or position.missing():
                    self._hand_on(read_after(position))
            except DatabaseError as error:
                logger.warning("The event log could not be read; trying again: %s", error)
                connection.close_if_unusable_or_obsolete()
            read_at = monotonic()
            if self._kicked.wait(LOOK_SECONDS):
                sleep(max(0.0, read_at + PAUSE_SECONDS - monotonic()))

    def _hand_on(self, events: Sequence[Event]) -> None:
        if len(events) == BATCH_EVENTS:
            self._kicked.set()  # there may be more
        if events:
            for listener in tuple(self._listeners):
                listener(events)


class Changes:
    """Whether anybody may have committed since the last question. On SQLite that takes microseconds."""

    def __init__(self) -> None:
        self._version: int | None = None

    def seen(self) -> bool:
        if connection.vendor != "sqlite":
            return True
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            version = cursor.fetchone()[0]
        changed = version != self._version
        self._version = version
        return changed


def find_position() -> Position:
    """The end of the log as it is now."""
    last = Event.objects.aggregate(last=Max("sequence"))["last"] or 0
    if connection.vendor == "sqlite":  # commits are in the order of the numbers
        return Position(last)
    recent = Event.objects.filter(sequence__gt=last - LOOK_BACK, sequence__lte=last).order_by("sequence")
    return Position(last, list(recent.values_list("sequence", flat=True)))


def read_after(position: Position) -> list[Event]:
    """The next events in the order of their numbers; `position` advances over them."""
    wanted = Q(sequence__gt=position.last)
    if missing := position.missing():
        wanted |= Q(sequence__in=missing)
    events = list(Event.objects.filter(wanted).order_by("sequence")[:BATCH_EVENTS])
    position.advance([event.sequence for event in events])
    return events


tail = Tail()
