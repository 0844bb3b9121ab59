"""How a producer wakes sleeping consumers in other processes: it writes to a small file per queue, which they watch."""

from __future__ import annotations

import ctypes
import os
import re
import select
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 0.02  # how often a consumer looks where the system cannot wake it
MOST_OPEN = 64  # bells whose files a producer keeps open: queues of replies come and go with each flow run
_IN_MODIFY = 0x00000002
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Bells:
    """The bells of one broker file. A bell that is missed costs a moment: consumers also look from time to time.

    Not to be shared by threads without a lock.
    """

    def __init__(self, broker: Path) -> None:
        self._directory = broker.with_name(f"{broker.name}.bells")
        self._open: OrderedDict[str, int] = OrderedDict()  # the one that rang last stands last
        self._pid = 0

    def ring(self, queue: str) -> None:
        """Wake whoever listens to the queue. Call after the message can be seen."""
        with suppress(OSError):  # most likely nobody listens, and there is no bell
            os.pwrite(self._descriptor(queue), b"!", 0)

    def path(self, queue: str) -> Path:
        """The file of the queue's bell, made if need be: for those who listen to it."""
        path = self.place(queue)
        if not path.exists():
            self._directory.mkdir(parents=True, exist_ok=True)
            path.touch()
        return path

    def place(self, queue: str) -> Path:
        """Where that file is, or would be."""
        return self._directory / re.sub(r"[^\w.-]", lambda found: f"%{ord(found[0]):x}", queue)

    def remove(self, queue: str) -> None:
        """Nobody listens to the queue any more."""
        descriptor = self._open.pop(queue, None) if self._pid == os.getpid() else None
        if descriptor is not None:
            os.close(descriptor)
        with suppress(OSError):
            self.place(queue).unlink(missing_ok=True)

    def close(self) -> None:
        if self._pid == os.getpid():
            for descriptor in self._open.values():
                os.close(descriptor)
        self._open = OrderedDict()

    def _descriptor(self, queue: str) -> int:
        if self._pid != os.getpid():
            self._open, self._pid = OrderedDict(), os.getpid()
        if queue not in self._open:
            while len(self._open) >= MOST_OPEN:
                os.close(self._open.popitem(last=False)[1])
            self._open[queue] = os.open(self.place(queue), os.O_WRONLY | os.O_CLOEXEC)
        self._open.move_to_end(queue)
        return self._open[queue]


class Ear:
    """Sleeps until a bell rings that it listens to, or another thread nudges it. One thread waits at a time."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._listening: set[Path] = set()
        self._inotify = self._nudged = -1
        self._lock = threading.Lock()
        if _LIBC is not None:
            self._inotify = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            self._nudged = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def listen(self, bell: Path) -> None:
        if bell in self._listening:
            return
        self._listening.add(bell)
        if self._inotify >= 0:
            _LIBC.inotify_add_watch(self._inotify, os.fsencode(bell), _IN_MODIFY)  # type: ignore[union-attr]

    def nudge(self) -> None:
        """End the wait of this process's own thread."""
        with self._lock:
            if self._nudged >= 0 and self._pid == os.getpid():
                os.eventfd_write(self._nudged, 1)

    def wait(self, seconds: float) -> None:
        """Sleep until a bell rings or `seconds` have passed."""
        if self._inotify < 0:
            time.sleep(min(seconds, POLL_SECONDS))
            return
        ready, _, _ = select.select([self._inotify, self._nudged], [], [], seconds)
        for descriptor in ready:
            with suppress(BlockingIOError):
                os.read(descriptor, 4096)

    def close(self) -> None:
        with self._lock:
            if self._nudged >= 0 and self._pid == os.getpid():
                os.close(self._inotify)
                os.close(self._nudged)
            self._inotify = self._nudged = -1
