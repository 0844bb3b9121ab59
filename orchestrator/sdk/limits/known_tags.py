"""What a process knows of the limits of tags: which were without one when it last heard of them, and which were not."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary, WeakValueDictionary

from orchestrator.sdk.api.client import Client

UNLIMITED_FOR_SECONDS = 10.0  # how long it is believed that a tag has no limit
_MOST_TAGS = 1000  # that are remembered: tags may be made anew for each task

Tags = tuple[str, ...]


class KnownTags:
    """What one server said. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unlimited_until: dict[str, float] = {}  # the first is the one that was heard of first
        self._limited: dict[frozenset[str], None] = {}  # of each, some tag has a limit
        # Each lasts while somebody holds it or waits for it.
        self._turns: WeakValueDictionary[Tags, threading.Lock] = WeakValueDictionary()

    def are_unlimited(self, tags: Tags) -> bool:
        """Whether all of them were without a limit lately."""
        at = time.monotonic()
        return all(self._unlimited_until.get(tag, 0.0) > at for tag in tags)

    def are_limited(self, tags: Tags) -> bool:
        """Whether one of them had a limit when the server was last asked."""
        asked = frozenset(tags)
        with self._lock:
            return any(limited <= asked for limited in self._limited)

    def note_unlimited(self, tags: Iterable[str]) -> None:
        """The server says that none of them has a limit, or cannot be asked."""
        at = time.monotonic()
        with self._lock:
            known = self._unlimited_until
            for tag in tags:
                known.pop(tag, None)
                known[tag] = at + UNLIMITED_FOR_SECONDS
            while known and (len(known) > _MOST_TAGS or known[next(iter(known))] <= at):
                del known[next(iter(known))]
            for limited in [each for each in self._limited if each.issubset(known)]:
                del self._limited[limited]

    def note_limited(self, tags: Iterable[str]) -> None:
        """One of them has a limit."""
        tags = list(tags)
        with self._lock:
            for tag in tags:
                self._unlimited_until.pop(tag, None)
            self._limited[frozenset(tags)] = None
            while len(self._limited) > _MOST_TAGS:
                del self._limited[next(iter(self._limited))]

    @contextmanager
    def turn(self, tags: Tags) -> Iterator[None]:
        """One asks at a time about the same tags; who waited finds what the one before heard."""
        with self._lock:
            turn = self._turns.get(tags)
            if turn is None:
                turn = self._turns[tags] = threading.Lock()
        with turn:
            yield


_making = threading.Lock()
_known: WeakKeyDictionary[Client, KnownTags] = WeakKeyDictionary()


def known_tags(client: Client) -> KnownTags:
    """What the server of this client said."""
    with _making:
        return _known.setdefault(client, KnownTags())


def _start_anew_in_child() -> None:
    """Other threads of the parent may hold locks, and nobody lets go of them here."""
    global _making, _known
    _making, _known = threading.Lock(), WeakKeyDictionary()


os.register_at_fork(after_in_child=_start_anew_in_child)
