"""Stored results that nobody needs any more. Files that are no results are left alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from orchestrator.sdk.errors import ResultStorageError
from orchestrator.sdk.results.records import ResultRecord
from orchestrator.sdk.results.storage import ARGUMENTS_FOLDER, LocalStorage, Storage

_LONGEST_HEAD = 64 * 1024  # bytes; a longer first line is no description of a result
_UNFINISHED_SECONDS = 24 * 3600  # a file that is not whole after so long never will be


def remove_old(storage: Storage, *, older_than: timedelta | None = None) -> int:
    """Delete the results that have expired, and with `older_than` all that were written longer ago than that.

    Arguments of background tasks in the same storage are none of these, however long they have waited.
    Returns how many there were. Raises ResultStorageError for another storage than a directory, and for files that
    cannot be deleted.
    """
    if not isinstance(storage, LocalStorage):
        raise ResultStorageError(
            f"{storage!r} is no directory, and is not cleaned from here: let the storage delete old files itself"
        )
    if older_than is not None and older_than < timedelta(0):
        raise ValueError(f"older_than is {older_than!r}; it cannot be negative")
    before = None if older_than is None else time.time() - older_than.total_seconds()
    arguments = Path(storage.directory, ARGUMENTS_FOLDER)
    return sum(
        _remove(file, before=None if file.is_relative_to(arguments) else before) for file in _files(storage.directory)
    )


def _files(directory: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(directory):  # links to other directories are not followed
        for name in names:
            yield Path(folder, name)


def _remove(file: Path, *, before: float | None) -> bool:
    try:
        written = file.lstat().st_mtime
        if file.name.startswith(".") and file.name.endswith(".part"):
            if written < time.time() - _UNFINISHED_SECONDS:
                file.unlink()
            return False
        if not _is_over(file, is_old=before is not None and written < before):
            return False
        file.unlink()
    except FileNotFoundError:  # somebody else cleans too
        return False
    except OSError as error:
        raise ResultStorageError(f"{file} cannot be deleted: {error.strerror}") from error
    return True


def _is_over(file: Path, *, is_old: bool) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as stream:
        head = stream.readline(_LONGEST_HEAD)
    try:
        record = ResultRecord.from_bytes(head, location=str(file))
    except ResultStorageError:
        return False
    return is_old or record.metadata.is_expired
