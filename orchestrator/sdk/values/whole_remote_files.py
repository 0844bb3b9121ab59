"""Files of fsspec's places that are written whole, wherever the place can do it."""

from __future__ import annotations

import os
import posixpath
from contextlib import suppress
from typing import Any

_WRITTEN_AT_ONCE = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "memory"}  # nobody sees half an object
_LONGEST_NAME = 40  # letters of the file's name that are kept beside it, so that people see what it belongs to


def write_whole_there(files: Any, path: str, content: bytes, *, make_buckets: bool = False) -> None:
    """Put the content into the file of a file system of fsspec, with the directories that it needs; in object storage,
    which has none, with `make_buckets` the bucket.

    It is written beside and moved, so that whoever reads meanwhile gets what was there or what is new. In place it is
    written where files appear at once, where nothing can be moved, and where nothing is moved over what is there.
    Raises what the file system raises.
    """
    protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
    at_once = bool(protocols & _WRITTEN_AT_ONCE)
    parent = posixpath.dirname(path)
    if make_buckets or not at_once:
        files.makedirs(parent, exist_ok=True)
    if at_once or not _moves(files):
        files.pipe_file(path, content)
        return
    name = posixpath.basename(path)[:_LONGEST_NAME]
    beside = posixpath.join(parent, f".{name}.{os.getpid()}-{os.urandom(6).hex()}.part")
    moved = False
    try:
        files.pipe_file(beside, content)
        moved = _moved(files, beside, path)
        if not moved:
            files.pipe_file(path, content)
    finally:
        if not moved:
            with suppress(Exception):  # the file system has said what is wrong
                files.rm_file(beside)


def _moves(files: Any) -> bool:
    """Whether it moves by itself: what fsspec does instead, copying, is no better than writing."""
    from fsspec.spec import AbstractFileSystem

    return getattr(type(files), "mv", None) is not AbstractFileSystem.mv


def _moved(files: Any, beside: str, path: str) -> bool:
    """Some do not move over a file that is there, and not all of those say so."""
    try:
        files.mv(beside, path)
        return not files.exists(beside)
    except Exception:  # noqa: BLE001 - each has errors of its own; writing in place says what is wrong
        return False
