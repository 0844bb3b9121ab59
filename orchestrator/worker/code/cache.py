"""Fetched revisions, kept once per host and used by all runs.

    <home>/code/revisions/<key>/         one revision of one source, complete and never changed
    <home>/code/revisions/<key>.lock     held while somebody fetches, copies or removes it; its time says when last
    <home>/code/incoming/<random>/       being fetched; `<random>.lock` is held by whoever does it

A revision appears by a rename, so whoever is killed leaves nothing half. Locks are the kernel's and end with their
holder.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.fetching import Fetching, size_below

LINKED_FROM_BYTES = 1024 * 1024  # larger files are not copied for each run, but linked and write-protected
YOUNG_SECONDS = 60.0
_WAITS_SECONDS = 0.05


class CodeCache:
    """Below `home`, which processes of one host share."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.has_grown = False  # by this object
        self._revisions = home / "revisions"
        self._incoming = home / "incoming"

    def has(self, key: str) -> bool:
        return (self._revisions / key).is_dir()

    def copy(self, key: str, target: Path, *, fetch: Callable[[Path], None], fetching: Fetching) -> bool:
        """Put the revision at `target`, which must not exist. Whether it had to be fetched first.

        `fetch` fills an empty directory. Two that want the same revision at once fetch it once.
        """
        fetched = False
        for _ in range(3):
            with self._locked(key, fcntl.LOCK_SH, fetching):
                if self.has(key):
                    copy_tree(self._revisions / key, target)
                    return fetched
            with self._locked(key, fcntl.LOCK_EX, fetching):
                if not self.has(key):
                    self._fetch(key, fetch)
                    fetched = True
        raise CodeUnavailable(
            "The fetched code was removed again before it could be used; ORCHESTRATOR_CODE_CACHE_MB may be too small"
        )

    def make_room(self, cache_bytes: int) -> int:
        """Remove what was used longest ago until the rest fits, and what killed fetches left. How many went.

        What somebody uses at this moment stays.
        """
        removed = self._remove_leftovers()
        found = []
        with suppress(OSError):
            for place in self._revisions.iterdir():
                if place.is_dir():
                    with suppress(OSError):
                        found.append((self._lock_file(place.name).stat().st_mtime, size_below(place), place))
        total = sum(size for _, size, _ in found)
        for _, size, place in sorted(found):
            if total <= cache_bytes:
                break
            with self._at_once(place.name) as mine:
                if mine:
                    self._remove(place)
                    total -= size
                    removed += 1
        return removed

    def _fetch(self, key: str, fetch: Callable[[Path], None]) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        directory = self._incoming / secrets.token_hex(8)
        lock = directory.with_suffix(".lock")
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                directory.mkdir(mode=0o700)
                fetch(directory)
                _protect_large_files(directory)
                self._revisions.mkdir(parents=True, exist_ok=True)
                os.rename(directory, self._revisions / key)
                self.has_grown = True
            finally:
                shutil.rmtree(directory, ignore_errors=True)
                lock.unlink(missing_ok=True)

    def _remove(self, place: Path) -> None:
        """Out of sight at once, so that nobody finds half of it."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        away = self._incoming / secrets.token_hex(8)
        with suppress(OSError):
            os.rename(place, away)
            shutil.rmtree(away, ignore_errors=True)

    def _remove_leftovers(self) -> int:
        removed = 0
        young = time.time() - YOUNG_SECONDS
        with suppress(OSError):
            for place in self._incoming.iterdir():
                lock = place if place.suffix == ".lock" else place.with_suffix(".lock")
                # A young one may belong to somebody who is just about to lock it.
                if place.lstat().st_mtime > young or not _is_free(lock):
                    continue
                shutil.rmtree(place.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
                removed += 1
        return removed

    def _lock_file(self, key: str) -> Path:
        return self._revisions / f"{key}.lock"

    @contextmanager
    def _locked(self, key: str, how: int, fetching: Fetching) -> Iterator[None]:
        """Waits as long as a fetch may take, and can be stopped while it does."""
        self._revisions.mkdir(parents=True, exist_ok=True)
        with self._lock_file(key).open("a") as file:
            while True:
                try:
                    fcntl.flock(file, how | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    fetching.check()
                    time.sleep(_WAITS_SECONDS)
            os.utime(file.fileno())
            yield

    @contextmanager
    def _at_once(self, key: str) -> Iterator[bool]:
        with self._lock_file(key).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def copy_tree(source: Path, target: Path) -> None:
    """A copy that its owner may change: small files are copied, large ones linked; they are write-protected."""
    target.mkdir(parents=True)
    for root, directories, files in os.walk(source):
        here = target / os.path.relpath(root, source)
        for name in directories:
            path = os.path.join(root, name)
            if os.path.islink(path):
                os.symlink(os.readlink(path), here / name)
            else:
                (here / name).mkdir()
        for name in files:
            _copy_file(os.path.join(root, name), here / name)


def _copy_file(source: str, target: Path) -> None:
    status = os.lstat(source)
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), target)
        return
    if status.st_size >= LINKED_FROM_BYTES:
        try:
            os.link(source, target)
            return
        except OSError:  # another file system
            pass
    shutil.copyfile(source, target)
    os.chmod(target, stat.S_IMODE(status.st_mode) | stat.S_IWUSR)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))  # git tells by the time what has changed


def _protect_large_files(directory: Path) -> None:
    for root, _, files in os.walk(directory):
        for name in files:
            path = os.path.join(root, name)
            status = os.lstat(path)
            if stat.S_ISREG(status.st_mode) and status.st_size >= LINKED_FROM_BYTES:
                os.chmod(path, stat.S_IMODE(status.st_mode) & ~0o222)


def _is_free(lock: Path) -> bool:
    try:
        with lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
