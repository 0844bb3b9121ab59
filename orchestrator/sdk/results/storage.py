"""Where stored results lie: a directory, any address that fsspec knows, or a block with `read_path` and `write_path`.

Results are read, and unpickled, only from storages that this process was told of: the default one, and those that its
flows and tasks name.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable
from contextvars import copy_context
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any, Protocol
from urllib.parse import urlsplit

from orchestrator.sdk.configuration.profiles import home
from orchestrator.sdk.configuration.settings import value_of
from orchestrator.sdk.errors import OrchestratorError, ResultStorageError
from orchestrator.sdk.values.whole_files import write_whole
from orchestrator.sdk.values.whole_remote_files import write_whole_there

ARGUMENTS_FOLDER = "parameters"  # of background tasks, until they are executed
_LONGEST_NAME = 200  # bytes of one part of a key; a longer one is shortened to its hash


class Storage(Protocol):
    """A place for files, each under a key such as `3f2a…` or `reports/today.json`.

    It may have `remove(location)` too, which deletes a file and is false when there is none.
    """

    @property
    def block_id(self) -> str | None: ...

    def location(self, key: str) -> str: ...

    def holds(self, location: str) -> bool: ...

    def read(self, location: str) -> bytes | None: ...

    def write(self, location: str, content: bytes) -> None: ...


class LocalStorage:
    """A directory, made when it is first written to. Files are readable for their owner only."""

    block_id: str | None = None

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory).expanduser().absolute()

    def __repr__(self) -> str:
        return f"LocalStorage({str(self.directory)!r})"

    def location(self, key: str) -> str:
        return str(self.directory.joinpath(*_parts(key)))

    def holds(self, location: str) -> bool:
        if "://" in location:
            return False
        return Path(os.path.realpath(location)).is_relative_to(os.path.realpath(self.directory))

    def read(self, location: str) -> bytes | None:
        try:
            return Path(location).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise ResultStorageError(f"{location} cannot be read: {error.strerror}") from error

    def write(self, location: str, content: bytes) -> None:
        file = Path(location)
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            file.parent.mkdir(parents=True, exist_ok=True)
            # A record that a power cut broke is noticed and made again; waiting for the disk would slow every task.
            write_whole(file, content, durable=False)
        except OSError as error:
            raise ResultStorageError(f"{location} cannot be written: {error.strerror}") from error

    def remove(self, location: str) -> bool:
        try:
            os.unlink(location)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise ResultStorageError(f"{location} cannot be deleted: {error.strerror}") from error
        return True


class RemoteFiles:
    """An address that fsspec knows, such as `s3://bucket/results`. Needs `pip install "orchestrator[storage]"`."""

    block_id: str | None = None

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._files: Any = None

    def __repr__(self) -> str:
        return f"RemoteFiles({self.address!r})"

    def location(self, key: str) -> str:
        return "/".join([self.address, *_parts(key)])

    def holds(self, location: str) -> bool:
        mine, theirs = urlsplit(self.address), urlsplit(location)
        if (mine.scheme, mine.netloc) != (theirs.scheme, theirs.netloc):
            return False
        path = posixpath.normpath(theirs.path or "/")
        return path == theirs.path and path.startswith(f"{mine.path.rstrip('/')}/")

    def read(self, location: str) -> bytes | None:
        files, path = self._opened(location)
        try:
            content: bytes = files.cat_file(path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except Exception as error:
            raise ResultStorageError(f"{location} cannot be read: {type(error).__name__}: {error}") from error
        return content

    def write(self, location: str, content: bytes) -> None:
        files, path = self._opened(location)
        try:
            write_whole_there(files, path, content)
        except Exception as error:
            raise ResultStorageError(f"{location} cannot be written: {type(error).__name__}: {error}") from error

    def remove(self, location: str) -> bool:
        files, path = self._opened(location)
        try:
            files.rm_file(path)
        except FileNotFoundError:
            return False
        except Exception as error:
            raise ResultStorageError(f"{location} cannot be deleted: {type(error).__name__}: {error}") from error
        return True

    def _opened(self, location: str) -> tuple[Any, str]:
        try:
            core = import_module("fsspec.core")
        except ImportError:
            told = f'Results in {self.address} need fsspec: pip install "orchestrator[storage]"'
            raise ResultStorageError(told) from None
        try:
            if self._files is None:
                self._files = core.url_to_fs(self.address)[0]
            return self._files, str(self._files._strip_protocol(location))
        except (ImportError, ValueError) as error:
            raise ResultStorageError(f"{self.address} cannot be opened: {error}") from error


class BlockStorage:
    """A saved block that reads and writes files, or the name of one, such as `local-file-system/results`, which is
    loaded when it is first needed."""

    def __init__(self, block: Any) -> None:
        self._given = block

    def __repr__(self) -> str:
        return f"BlockStorage({self._given!r})"

    @property
    def block_id(self) -> str | None:
        block = self._block
        found = getattr(block, "_block_document_id", None) or getattr(block, "block_document_id", None)
        return str(found) if found else None

    @property
    def _block(self) -> Any:
        if isinstance(self._given, str):
            from orchestrator.sdk.blocks import filesystems  # noqa: F401 - makes their types known
            from orchestrator.sdk.blocks.core import Block

            try:
                self._given = _away_from_loops(Block.load_from_ref, {"block_document_slug": self._given})
            except OrchestratorError as error:
                raise ResultStorageError(f"The block {self._given} cannot be loaded: {error}") from error
        return self._given

    def location(self, key: str) -> str:
        return "/".join(_parts(key))

    def holds(self, location: str) -> bool:
        return False  # a location says nothing without its block: see `storage_holding`

    def read(self, location: str) -> bytes | None:
        block = self._block
        try:
            content: bytes = _away_from_loops(block.read_path, location)
        except (FileNotFoundError, ValueError, KeyError):
            return None
        except Exception as error:
            raise ResultStorageError(f"{location} cannot be read: {type(error).__name__}: {error}") from error
        return content

    def write(self, location: str, content: bytes) -> None:
        block = self._block
        try:
            _away_from_loops(block.write_path, location, content)
        except Exception as error:
            raise ResultStorageError(f"{location} cannot be written: {type(error).__name__}: {error}") from error


_known: dict[object, Storage] = {}


def storage_for(given: Any) -> Storage:
    """A path, an address, a block or a storage as a storage that this process knows from now on. None is the default.

    The default is ORCHESTRATOR_DEFAULT_RESULT_STORAGE, else the directory ORCHESTRATOR_LOCAL_STORAGE_PATH, else
    `storage` in the data directory. Raises ResultStorageError for anything else.
    """
    if given is None:
        given = value_of("ORCHESTRATOR_DEFAULT_RESULT_STORAGE") or _default_directory()
    if isinstance(given, (str, PurePath)):
        text = str(given)
        if not text.strip():
            raise ResultStorageError("result_storage is empty; a path, an address such as s3://bucket/results, or None")
        if text not in _known:
            _known[text] = _opened(text)
        return _known[text]
    storage: Storage
    if hasattr(given, "location") and hasattr(given, "holds"):
        storage = given
    elif hasattr(given, "read_path") and hasattr(given, "write_path"):
        storage = BlockStorage(given)
    else:
        kinds = "a path, an address such as s3://bucket/results, or a block with read_path and write_path"
        raise ResultStorageError(f"result_storage is {given!r}; it takes {kinds}")
    return _known.setdefault(id(given), storage)


def storage_holding(location: str, *, block_id: str | None = None) -> Storage | None:
    """The storage, among those that this process knows, in which the location lies. None when there is none."""
    if block_id is not None:
        return next((each for each in list(_known.values()) if _is_block(each, block_id)), None)
    storage_for(None)
    return next((storage for storage in list(_known.values()) if storage.holds(location)), None)


def _is_block(storage: Storage, block_id: str) -> bool:
    try:
        return storage.block_id == block_id
    except ResultStorageError:  # another one, which cannot be loaded
        return False


def _default_directory() -> str:
    return value_of("ORCHESTRATOR_LOCAL_STORAGE_PATH") or str(home() / "storage")


def _opened(text: str) -> Storage:
    kind, _, name = text.partition("/")
    if kind.endswith("-file-system") and name and "/" not in name:
        return BlockStorage(text)
    if text.startswith("file://"):
        return LocalStorage(urlsplit(text).path)
    return RemoteFiles(text) if "://" in text else LocalStorage(text)


def _away_from_loops(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a block does blocks here, also where an event loop runs and the block would give an awaitable. It sees the
    run, the settings and the tags of who calls."""
    import sys

    loop_runs = "asyncio" in sys.modules and sys.modules["asyncio"]._get_running_loop() is not None
    if not loop_runs:
        return call(*arguments)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(copy_context().run, call, *arguments).result()


def _parts(key: str) -> list[str]:
    parts = [part for part in key.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or key.startswith("/") or "\0" in key:
        raise ResultStorageError(f"The result key {key!r} cannot be used; it must be a relative path without '..'")
    return [_short(part) for part in parts]


def _short(part: str) -> str:
    encoded = part.encode("utf-8", "replace")
    return part if len(encoded) <= _LONGEST_NAME else hashlib.sha256(encoded).hexdigest()
