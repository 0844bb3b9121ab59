"""Places for files, as blocks: a local directory, and anything that fsspec reaches."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import pydantic

from orchestrator.sdk.blocks.core import Block
from orchestrator.sdk.both_ways import Asynchronous, both_ways
from orchestrator.sdk.errors import BlockError
from orchestrator.sdk.values.whole_files import write_whole
from orchestrator.sdk.values.whole_remote_files import write_whole_there


class FileSystem(Block, ABC):
    """What a place for files can do. Paths are relative to `basepath`; those that lead out of it are refused."""

    _block_schema_capabilities: ClassVar[list[str] | None] = [
        "get-directory",
        "put-directory",
        "read-path",
        "write-path",
    ]

    @both_ways
    def read_path(self, path: str) -> bytes:
        """The content of a file. Raises BlockError for a path that leads outside, FileNotFoundError."""
        return self._read(path)

    aread_path: ClassVar[Asynchronous[bytes]] = read_path.aio

    @both_ways
    def write_path(self, path: str, content: bytes) -> str:
        """Write a file, with the directories that it needs; returns where it is."""
        if isinstance(content, str):
            raise BlockError(f"{path}: content is a text; bytes are needed: content.encode()")
        return self._write(path, content)

    awrite_path: ClassVar[Asynchronous[str]] = write_path.aio

    @both_ways
    def get_directory(self, from_path: str | None = None, local_path: str | None = None) -> None:
        """Copy a directory of this place, None all of it, to `local_path`; None is the working directory."""
        self._get(from_path, Path(local_path or ".").expanduser().resolve())

    aget_directory: ClassVar[Asynchronous[None]] = get_directory.aio

    @both_ways
    def put_directory(
        self, local_path: str | None = None, to_path: str | None = None, ignore_file: str | None = None
    ) -> int:
        """Copy a local directory, None the working directory, to `to_path` of this place, None its base.

        `ignore_file` lists patterns of names to leave out, one in a line, as `*.pyc`. Returns how many files went.
        """
        source = Path(local_path or ".").expanduser().resolve()
        if not source.is_dir():
            raise NotADirectoryError(f"{source} is no directory")
        ignored = _patterns(ignore_file)
        files = [
            path for path in sorted(source.rglob("*")) if path.is_file() and not _is_ignored(path, source, ignored)
        ]
        for path in files:
            inside = path.relative_to(source).as_posix()
            self._write(f"{to_path}/{inside}" if to_path else inside, path.read_bytes())
        return len(files)

    aput_directory: ClassVar[Asynchronous[int]] = put_directory.aio

    @abstractmethod
    def _read(self, path: str) -> bytes: ...

    @abstractmethod
    def _write(self, path: str, content: bytes) -> str: ...

    @abstractmethod
    def _get(self, from_path: str | None, target: Path) -> None: ...


class LocalFileSystem(FileSystem):
    """A directory of this machine. `basepath` None is the working directory at the time of use.

    Files that are written are for their owner alone.
    """

    _block_type_name = "Local File System"
    _published_checksum: ClassVar[str | None] = (
        "sha256:0fc8b7f936f38f465715ef2df4a817ac9fe38b80bb01d5c6c9649a6da6ae6971"
    )

    basepath: str | None = None

    @pydantic.field_validator("basepath", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    def _read(self, path: str) -> bytes:
        return self._inside(path).read_bytes()

    def _write(self, path: str, content: bytes) -> str:
        target = self._inside(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content, durable=False)
        return str(target)

    def _get(self, from_path: str | None, target: Path) -> None:
        source = self._inside(from_path or "")
        if source != target:
            shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)

    def _inside(self, path: str) -> Path:
        base = Path(self.basepath or ".").expanduser().resolve()
        found = (base / Path(path).expanduser()).resolve()
        if not found.is_relative_to(base):
            raise BlockError(f"{path} is outside of {base}")
        return found


class RemoteFileSystem(FileSystem):
    """Any place that fsspec knows: `basepath` is an address like `s3://bucket/folder`, `settings` are its options."""

    _block_type_name = "Remote File System"
    _published_checksum: ClassVar[str | None] = (
        "sha256:3bca63009aa57af6c7053fc17a2a336a1e1801bbb19ca2c5939b59afe435c531"
    )

    basepath: str
    settings: dict[str, Any] = pydantic.Field(default_factory=dict)

    @pydantic.field_validator("basepath")
    @classmethod
    def _has_scheme(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if not separator or not scheme:
            raise ValueError("it must look like s3://bucket/folder")
        if scheme == "file":
            raise ValueError("for files of this machine use LocalFileSystem")
        if not rest.strip("/"):
            raise ValueError("it must name a place behind the scheme, like s3://bucket/folder")
        return value

    @property
    def filesystem(self) -> Any:
        """The file system of fsspec. Raises ImportError when fsspec, or the library of the scheme, is missing."""
        try:
            import fsspec
        except ImportError:
            raise ImportError('RemoteFileSystem needs fsspec: pip install "orchestrator[storage]"') from None
        return fsspec.filesystem(self.basepath.partition("://")[0], **self.settings)

    def _read(self, path: str) -> bytes:
        content: bytes = self.filesystem.cat_file(self._inside(path))
        return content

    def _write(self, path: str, content: bytes) -> str:
        target = self._inside(path)
        files = self.filesystem
        write_whole_there(files, str(files._strip_protocol(target)), content, make_buckets=True)
        return target

    def _get(self, from_path: str | None, target: Path) -> None:
        source = self._inside(from_path or "").rstrip("/")
        files = self.filesystem
        root = files._strip_protocol(source).rstrip("/")
        for found in files.find(source):
            inside = found[len(root) :].lstrip("/") if found.startswith(root) else found.rpartition("/")[2]
            local = (target / inside).resolve()
            if not local.is_relative_to(target):
                raise BlockError(f"{found} would be written outside of {target}")
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(files.cat_file(found))

    def _inside(self, path: str) -> str:
        base = self.basepath.rstrip("/")
        if path == base or path.startswith(f"{base}/"):
            path = path[len(base) :]
        elif "://" in path:
            raise BlockError(f"{path} is outside of {base}")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise BlockError(f"{path} leads out of {base}")
        return "/".join([base, *parts])


def _patterns(ignore_file: str | None) -> list[str]:
    if ignore_file is None:
        return []
    lines = (line.strip() for line in Path(ignore_file).read_text().splitlines())
    return [line.rstrip("/") for line in lines if line and not line.startswith("#")]


def _is_ignored(path: Path, root: Path, patterns: list[str]) -> bool:
    from fnmatch import fnmatch

    inside = path.relative_to(root)
    names = [*inside.parts, *(part.as_posix() for part in (inside, *inside.parents))]
    return any(fnmatch(name, pattern.lstrip("/")) for pattern in patterns for name in names)
