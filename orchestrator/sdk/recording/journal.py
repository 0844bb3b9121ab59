"""What a server that is away did not take yet, kept on disk: one file for each process and server.

    <data directory>/journal/<server>/<time>-<pid>-<number>.jsonl

A file is only appended to, one JSON value per line. A process holds a lock on its file for as long as it lives, however
it ends; so a file whose lock is free was left behind, and whoever gets the lock has it alone. Kept are what would be
sent and nothing more, no key among it, readable for the owner only.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from orchestrator.sdk.configuration import settings
from orchestrator.sdk.errors import SettingError
from orchestrator.sdk.recording.journal_files import make_file, used_bytes
from orchestrator.sdk.recording.journal_lines import End, Entry, as_entry, as_line, json_line, line_at, write_all

if TYPE_CHECKING:
    from pathlib import Path

_SYNC_SECONDS = 1.0  # what is appended more often than that reaches the disk together


class Journal:
    """The file of this process for one server. It is made when there is something to keep, and gone when all arrived.

    Every method may be called from any thread. None of them raises OSError: why something could not be kept stands in
    `trouble`.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.trouble: str | None = None
        self.file: Path | None = None
        self._broken = False
        self._lock = threading.Lock()
        self._descriptor = -1
        self.is_full = False  # a batch found no room: none is tried again before all that is kept has arrived
        self._room = 0  # bytes that may still be appended
        self._read_to = 0  # up to here everything was sent
        self._size = 0
        self._synced_at = 0.0
        self._unsettled: dict[str, End] = {}  # their proposers still try to tell them
        self._left: dict[str, str] = {}  # the runs of those that nobody waits for, by the id of the end

    @property
    def usable(self) -> bool:
        """False for servers that are no address, as in tests, and where nothing can be written."""
        return not self._broken and self.address.startswith("http")

    @property
    def holds_something(self) -> bool:
        with self._lock:
            return self._read_to < self._size

    def keep(self, entry: Entry) -> bool:
        """Append what is to be sent later. False when it cannot be kept."""
        with self._lock:
            if isinstance(entry, End):
                if entry.id in self._unsettled:
                    return True
                kept = self._append(as_line(entry), sync=True, bounded=False)
                if kept:
                    self._unsettled[entry.id] = entry
                return kept
            return self._append(as_line(entry))

    def settle(self, end_id: str) -> None:
        """The server knows this end now, or will never take it."""
        with self._lock:
            if self._unsettled.pop(end_id, None) is None or self.file is None:
                return
            nothing_else = self._read_to == self._size
            if not (nothing_else and not self._unsettled):
                self._append(json_line({"kind": "settled", "id": end_id}), sync=True, bounded=False)
            if nothing_else:
                self._read_to = self._size
            self._drop_if_done()

    def leave(self, end_id: str) -> None:
        """Whoever proposed this end waits no longer: it comes up once more, after all that was kept meanwhile."""
        with self._lock:
            end = self._unsettled.pop(end_id, None)
            if end is not None and self._append(as_line(end), sync=True, bounded=False):
                self._left[end_id] = end.flow_run_id

    def told(self, end_id: str) -> None:
        """An end that was left has been told, or will never be taken."""
        with self._lock:
            self._left.pop(end_id, None)

    def waits_to_tell(self, flow_run_id: str) -> bool:
        """Whether the server is still to learn from this process how the run ended."""
        with self._lock:
            return flow_run_id in self._left.values()

    def is_waited_for(self, end_id: str) -> bool:
        """Whether the thread that proposed this end still tries to tell it by itself."""
        with self._lock:
            return end_id in self._unsettled

    def next(self) -> tuple[Entry | None, int]:
        """What is to be sent first, and the mark to give to `sent`. None where a line cannot be read."""
        with self._lock:
            if self._read_to >= self._size:
                return None, self._read_to
            line = line_at(self._descriptor, self._read_to, end=self._size)
            return as_entry(line), self._read_to + len(line)

    def sent(self, mark: int) -> None:
        """Everything before the mark has been dealt with."""
        with self._lock:
            self._read_to = mark
            self._drop_if_done()

    def make_room(self) -> None:
        """The server is there: what had found the journal full for others' sake may try once more."""
        with self._lock:
            self._drop_if_done()

    def sync(self) -> None:
        """Make sure that what was kept outlives the machine."""
        with self._lock:
            self._sync()

    def forget(self) -> None:
        """After a fork: the file is the parent's. Closing does not give its lock away."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self.__init__(self.address)  # type: ignore[misc]

    def _append(self, line: bytes, *, sync: bool = False, bounded: bool = True) -> bool:
        if not self.usable:
            return False
        try:
            if self.file is None:
                self._make()
            if bounded and len(line) > self._room:
                self.is_full = True
                self.trouble = f"the journal {self.file} is full (ORCHESTRATOR_JOURNAL_MEGABYTES)"
                return False
            os.lseek(self._descriptor, 0, os.SEEK_END)
            write_all(self._descriptor, line)
        except (OSError, RuntimeError, SettingError) as error:  # a user without a home directory is a RuntimeError
            self._broken = True
            self.trouble = f"the journal cannot be written: {error}"
            self._cut_torn_line()
            return False
        self._room -= len(line)
        self._size += len(line)
        if sync or time.monotonic() - self._synced_at > _SYNC_SECONDS:
            self._sync()
        return True

    def _make(self) -> None:
        most = settings.journal_bytes()
        if most == 0:
            raise OSError("it is switched off (ORCHESTRATOR_JOURNAL_MEGABYTES)")
        self._room = max(0, most - used_bytes())
        self.file, self._descriptor, self._size = make_file(self.address)
        self._read_to = self._size

    def _cut_torn_line(self) -> None:
        if self._descriptor >= 0:
            try:
                os.ftruncate(self._descriptor, self._size)
            except OSError:
                return  # a reader passes over a line that is torn

    def _drop_if_done(self) -> None:
        if self.file is None or self._read_to < self._size or self._unsettled:
            return
        self.file.unlink(missing_ok=True)
        os.close(self._descriptor)
        self.file, self._descriptor, self._read_to, self._size = None, -1, 0, 0
        self.trouble, self.is_full = None, False

    def _sync(self) -> None:
        if self._descriptor >= 0:
            try:
                os.fsync(self._descriptor)
            except OSError:
                return  # some file systems cannot
            self._synced_at = time.monotonic()
