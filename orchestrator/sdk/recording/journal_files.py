"""Journals on disk: where they are, who has them, and what is left in those whose process ended."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from orchestrator.contract.times import now
from orchestrator.sdk.configuration.profiles import home
from orchestrator.sdk.recording.journal_lines import FORMAT, Batch, End, Entry, as_entry, as_value, json_line, write_all

if TYPE_CHECKING:
    from pathlib import Path

_FINISHED, _BEGUN = ".jsonl", ".begun"
_TRIES = 10  # of beginning a file that somebody takes for one that was left behind
_numbers = count()


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
        write_all(self.descriptor, json_line({"kind": "settled", "id": end_id}))
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
                yield as_entry(line)


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


def used_bytes() -> int:
    """What all journals of this data directory take up."""
    used = 0
    for file in journal_directory().glob(f"*/*{_FINISHED}"):
        with suppress(FileNotFoundError):  # its process has just delivered all of it
            used += file.stat().st_size
    return used


def make_file(address: str) -> tuple[Path, int, int]:
    """A new journal of this process: the file, its descriptor, and its size in bytes. It is locked.

    It has its name only when it is locked and says what it is: nobody takes it for one that was left behind. Raises
    OSError when it cannot be made.
    """
    directory = directory_of(address)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{now():%Y%m%dT%H%M%S.%f}-{os.getpid()}-{next(_numbers)}"
    begun, file = directory / f"{name}{_BEGUN}", directory / f"{name}{_FINISHED}"
    descriptor = _begin(begun)
    try:
        head = json_line(
            {
                "kind": "head",
                "format": FORMAT,
                "server": address,
                "program": os.path.basename(sys.argv[0] or "python"),
                "pid": os.getpid(),
            }
        )
        write_all(descriptor, head)
        begun.rename(file)
    except BaseException:
        begun.unlink(missing_ok=True)
        os.close(descriptor)
        raise
    _sync_directory(directory)
    return file, descriptor, len(head)


def take_left_behind(address: str) -> Iterator[LeftBehind]:
    """The journals for this server that nobody holds, oldest first. The caller removes or closes each."""
    if not address.startswith("http"):
        return
    try:
        directory = directory_of(address)
        _sweep(directory)
        files = sorted(directory.glob(f"*{_FINISHED}"))
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
    found = []
    for file in sorted(journal_directory().glob(f"*/*{_FINISHED}")):
        with suppress(FileNotFoundError):  # its process has just delivered all of it
            found.append(_summary(file))
    return found


def _begin(begun: Path) -> int:
    """The file made and locked. Whoever sweeps may be quicker with the lock: then it is made again."""
    for _ in range(_TRIES):
        descriptor = os.open(begun, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if _try_lock(descriptor) and os.fstat(descriptor).st_nlink > 0:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise OSError(f"{begun} cannot be locked: somebody else has the lock each time")


def _sweep(directory: Path) -> None:
    """Remove what was begun by processes that ended before it had its name: nothing is kept there."""
    for begun in directory.glob(f"*{_BEGUN}"):
        taken = _take(begun)
        if taken is not None:
            begun.unlink(missing_ok=True)
            os.close(taken)


def _summary(file: Path) -> Summary:
    head = _head(file) or {}
    events = logs = 0
    ends: dict[str, End] = {}
    settled = _settled(file)
    with file.open("rb") as stream:
        for entry in map(as_entry, stream):
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
            if b'"settled"' in line and (value := as_value(line)) is not None and value.get("kind") == "settled"
        }


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
