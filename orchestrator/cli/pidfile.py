"""Who serves from a data directory. The file's lock says whether it is still true, so a stale file misleads nobody."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs now."""

    pid: int
    url: str  # where its pages are; the API is below /api


class AlreadyRunning(Exception):
    """Another server uses the data directory."""

    def __init__(self, running: Running | None) -> None:
        super().__init__("already running")
        self.running = running


class PidFile:
    """Held from `take` until the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises AlreadyRunning when another process holds it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRunning(_read(self.path)) from None
        self._descriptor = descriptor

    def write(self, url: str) -> None:
        """Say where this process serves."""
        if self._descriptor is None:
            raise RuntimeError("The pid file was not taken")
        text = json.dumps(asdict(Running(pid=os.getpid(), url=url))).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)

    def let_go(self) -> None:
        if self._descriptor is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def find_running(path: Path) -> Running | None:
    """The server that holds the file now. None when there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    finally:
        os.close(descriptor)
    return None


def _read(path: Path) -> Running | None:
    try:
        return Running(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
