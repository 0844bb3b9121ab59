"""What a server that is away did not take yet, kept on disk: one file for each process and server.

    <data directory>/journal/<server>/<time>-<pid>.jsonl

A file is only appended to, one JSON value per line. A process holds a lock on its file for as long as it lives, however
it ends; so a file whose lock is free was left behind, and whoever gets the lock has it alone. Kept are what would be
sent and nothing more, no key among it, readable for the owner only.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.contract.times import now
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.configuration.profiles import home
from orchestrator.sdk.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
_READ_BYTES = 1 << 20
_SYNC_SECONDS = 1.0  # what is appended more often than that reaches the disk together


@dataclass(frozen=True, slots=True)
class Batch:
    """Events or logs, as JSON; `path` is where they go."""

    path: str
    bodies: list[bytes]


@dataclass(frozen=True, slots=True)
class End:
    """How a flow run ended. `id` is the proposal's transition id: sent twice, it is known the second time.

    `seen_state_id` is the last state that the server had accepted of this process; None when it accepted none.
    """

    id: str
    flow_run_id: str
    state: dict[str, Any]
    force: bool
    at: str
    seen_state_id: str | None = None
    claim_id: str | None = None


Entry = Batch | End


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
                kept = self._append(_written(entry), sync=True, bounded=False)
                if kept:
                    self._unsettled[entry.id] = entry
                return kept
            return self._append(_written(entry))

    def settle(self, end_id: str) -> None:
        """The server knows this end now, or will never take it."""
        with self._lock:
            if self._unsettled.pop(end_id, None) is None or self.file is None:
                return
            nothing_else = self._read_to == self._size
            if not (nothing_else and not self._unsettled):
                self._append(_line({"kind": "settled", "id": end_id}), sync=True, bounded=False)
            if nothing_else:
                self._read_to = self._size
            self._drop_if_done()

    def leave(self, end_id: str) -> None:
        """Whoever proposed this end waits no longer: it comes up once more, after all that was kept meanwhile."""
        with self._lock:
            end = self._unsettled.pop(end_id, None)
            if end is not None and self._append(_written(end), sync=True, bounded=False):
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
            line = _line_at(self._descriptor, self._read_to, end=self._size)
            return _entry(line), self._read_to + len(line)

    def sent(self, mark: int) -> None:
        """Everything before the mark has been dealt with."""
        with self._lock:
            self._read_to = mark
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
                self.trouble = f"the journal {self.file} is full (ORCHESTRATOR_JOURNAL_MEGABYTES)"
                return False
            os.lseek(self._descriptor, 0, os.SEEK_END)
            _write_all(self._descriptor, line)
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
        directory = directory_of(self.address)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        used = sum(file.stat().st_size for file in journal_directory().glob("*/*.jsonl"))
        self._room = max(0, settings.journal_bytes() - used)
        if settings.journal_bytes() == 0:
            raise OSError("it is switched off (ORCHESTRATOR_JOURNAL_MEGABYTES)")
        file = directory / f"{now():%Y%m%dT%H%M%S.%f}-{os.getpid()}.jsonl"
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _try_lock(descriptor)
            head = _line(
                {
                    "kind": "head",
                    "format": FORMAT,
                    "server": self.address,
                    "program": os.path.basename(sys.argv[0] or "python"),
                    "pid": os.getpid(),
                }
            )
            _write_all(descriptor, head)
        except BaseException:
            os.close(descriptor)
            file.unlink(missing_ok=True)
            raise
        self.file, self._descriptor = file, descriptor
        self._read_to = self._size = len(head)
        _sync_directory(directory)

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
        self.trouble = None

    def _sync(self) -> None:
        if self._descriptor >= 0:
            try:
                os.fsync(self._descriptor)
            except OSError:
                return  # some file systems cannot
            self._synced_at = time.monotonic()


@dataclass(slots=True)
class LeftBehind:
    """A journal that its process left. Made by `take_left_behind`, which holds its lock until `close`."""

    file: Path
    descriptor: int
    settled: set[str] = field(default_factory=set)

    def entries(self) -> Iterator[Entry]:
        """What is still to be sent, in the order in which it happened; an end that is kept twice comes once, last."""
        last = {entry.id: place for place, entry in enumerate(self._all()) if isinstance(entry, End)}
        for place, entry in enumerate(self._all()):
            if isinstance(entry, Batch) or (
                isinstance(entry, End) and entry.id not in self.settled and last[entry.id] == place
            ):
                yield entry

    def note_settled(self, end_id: str) -> None:
        """Do not send this end again, even if the rest of the file cannot be sent now."""
        _write_all(self.descriptor, _line({"kind": "settled", "id": end_id}))
        self.settled.add(end_id)

    def remove(self) -> None:
        """All of it arrived."""
        self.file.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Give the lock back; the file stays."""
        os.close(self.descriptor)

    def _all(self) -> Iterator[Entry | None]:
        with self.file.open("rb") as stream:
            for line in stream:
                yield _entry(line)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a journal holds. `server` is None for a file that cannot be read as one."""

    file: Path
    server: str | None
    program: str
    pid: int | None
    alive: bool
    events: int
    logs: int
    ends: tuple[End, ...]
    bytes: int


def journal_directory() -> Path:
    return home() / "journal"


def directory_of(address: str) -> Path:
    """Where journals for this server are: apart from those for every other."""
    from hashlib import sha256

    readable = "".join(sign if sign.isalnum() or sign in ".-" else "_" for sign in address.partition("://")[2])
    return journal_directory() / f"{readable[:60]}-{sha256(address.encode()).hexdigest()[:12]}"


def take_left_behind(address: str) -> Iterator[LeftBehind]:
    """The journals for this server that nobody holds, oldest first. The caller removes or closes each."""
    if not address.startswith("http"):
        return
    try:
        files = sorted(directory_of(address).glob("*.jsonl"))
    except (OSError, RuntimeError):
        return
    for file in files:
        taken = _take(file)
        if taken is None:
            continue
        head = _head(file)
        if head is None or head.get("server") != address or head.get("format") != FORMAT:
            os.close(taken)  # not ours to send; `journal ls` shows it
            continue
        yield LeftBehind(file, taken, _settled(file))


def summaries() -> list[Summary]:
    """Every journal of this data directory, oldest first."""
    return [_summary(file) for file in sorted(journal_directory().glob("*/*.jsonl"))]


def _summary(file: Path) -> Summary:
    head = _head(file) or {}
    events = logs = 0
    ends: dict[str, End] = {}
    settled = _settled(file)
    with file.open("rb") as stream:
        for entry in map(_entry, stream):
            if isinstance(entry, End):
                ends[entry.id] = entry
            elif entry is not None and entry.path == "/events":
                events += len(entry.bodies)
            elif entry is not None:
                logs += len(entry.bodies)
    free = _take(file)
    if free is not None:
        os.close(free)
    return Summary(
        file=file,
        server=head.get("server"),
        program=str(head.get("program", "")),
        pid=head.get("pid"),
        alive=free is None,
        events=events,
        logs=logs,
        ends=tuple(end for end in ends.values() if end.id not in settled),
        bytes=file.stat().st_size,
    )


def _take(file: Path) -> int | None:
    """The file opened and locked; None when its process lives or somebody else has it already."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # Whoever had it may have removed it between opening and locking.
        if _try_lock(descriptor) and os.fstat(descriptor).st_nlink > 0:
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _try_lock(descriptor: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _head(file: Path) -> dict[str, Any] | None:
    try:
        with file.open("rb") as stream:
            value = json.loads(stream.readline())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and value.get("kind") == "head" else None


def _settled(file: Path) -> set[str]:
    with file.open("rb") as stream:
        return {
            str(value["id"])
            for line in stream
            if b'"settled"' in line and (value := _value(line)) is not None and value.get("kind") == "settled"
        }


def _written(entry: Entry) -> bytes:
    if isinstance(entry, Batch):
        return b'{"kind":"batch","path":"%s","body":[%s]}\n' % (entry.path.encode(), b",".join(entry.bodies))
    return _line(
        {
            "kind": "end",
            "id": entry.id,
            "flow_run_id": entry.flow_run_id,
            "state": entry.state,
            "force": entry.force,
            "at": entry.at,
            "seen_state_id": entry.seen_state_id,
            "claim_id": entry.claim_id,
        }
    )


def _entry(line: bytes) -> Entry | None:
    """What the line says; None for one that is torn, or of a kind that has nothing to send."""
    value = _value(line)
    try:
        if value is not None and value.get("kind") == "batch":
            return Batch(str(value["path"]), [json.dumps(item).encode() for item in value["body"]])
        if value is not None and value.get("kind") == "end":
            return End(**{name: value[name] for name in End.__dataclass_fields__})
    except (KeyError, TypeError):
        return None
    return None


def _value(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _line(value: dict[str, Any]) -> bytes:
    from orchestrator.sdk.values.json_values import encode

    return encode(value) + b"\n"


def _line_at(descriptor: int, place: int, *, end: int) -> bytes:
    """Read by the descriptor: it is good even when somebody has removed the file."""
    line = b""
    while not line.endswith(b"\n") and place + len(line) < end:
        part = os.pread(descriptor, min(_READ_BYTES, end - place - len(line)), place + len(line))
        if not part:
            return line + b" " * (end - place - len(line))  # cut by somebody else: nothing is left to be read
        head, newline, _ = part.partition(b"\n")
        line += head + newline
    return line


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_directory(directory: Path) -> None:
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)
