"""Code from storage that fsspec reaches: s3://, gs://, az://, memory:// and many more."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from orchestrator.worker.code.cache import CodeCache
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.fetching import Fetching
from orchestrator.worker.code.hiding import hidden, without_login

_BLOCK_BYTES = 1024 * 1024
_MOST_FILES = 50_000
_PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "az": "adlfs",
}
# What tells one version of an object from another, by the names that different kinds of storage use.
_MARKS = (
    "ETag",
    "etag",
    "md5",
    "md5Hash",
    "content_md5",
    "generation",
    "VersionId",
    "mtime",
    "last_modified",
    "LastModified",
    "updated",
    "created",
)
# Protocols that run or reach something else than storage.
_REFUSED = {"", "shell", "python"}


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """A directory of a storage, with what its client has to know."""

    url: str
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        """What the directory of the copy is called."""
        return urlsplit(self.url).path.rstrip("/").rpartition("/")[2] or urlsplit(self.url).netloc or "code"

    def __repr__(self) -> str:
        return f"RemoteSource({without_login(self.url)!r})"


def remote_source(url: Any, settings: dict[str, Any]) -> RemoteSource:
    """Check what a deployment says about its storage. Raises CodeUnavailable."""
    if not isinstance(url, str) or "://" not in url or any(ord(character) < 32 for character in url):
        raise CodeUnavailable("The storage's URL must be of the form protocol://place, such as s3://bucket/directory")
    return RemoteSource(url.strip(), settings)


def copied(source: RemoteSource, target: Path, *, cache: CodeCache, fetching: Fetching) -> None:
    """Put all files below the URL at `target`, a directory that does not exist yet.

    What the storage says about their versions is asked each time; what has not changed is not loaded again.
    """
    with fetching, _explained(source.url, source.settings):
        system, root = _file_system(source.url, source.settings)
        files = _files_below(system, root)
        if not files:
            raise CodeUnavailable(f"There are no files below {without_login(source.url)}")
        fetching.check_size(sum(int(details.get("size") or 0) for details in files.values()))
        revision = _revision(source, files)

        def fetch(place: Path) -> None:
            total = 0
            for name in files:
                path = _inside(place, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                with system.open(files[name]["name"], "rb") as content, path.open("wb") as file:
                    while block := content.read(_BLOCK_BYTES):
                        total += len(block)
                        fetching.check(total)
                        file.write(block)

        cache.copy(f"remote-{revision}", target, fetch=fetch, fetching=fetching)


@contextmanager
def opened_remote(url: str, settings: dict[str, Any]) -> Iterator[IO[bytes]]:
    """One file of a storage. Raises CodeUnavailable."""
    with _explained(url, settings):
        system, path = _file_system(url, settings)
        with system.open(path, "rb") as file:
            yield file


def _file_system(url: str, settings: dict[str, Any]) -> tuple[Any, str]:
    protocol = urlsplit(url).scheme
    if protocol in _REFUSED:
        raise CodeUnavailable(f"Code is not fetched by {protocol!r}")
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        package = _PACKAGES.get(protocol, "fsspec")
        raise CodeUnavailable(
            f"Code from {protocol}:// needs the package {package} on the worker: run `pip install {package}` there"
        ) from None
    try:
        return url_to_fs(url, **settings)  # type: ignore[no-any-return, unused-ignore]
    except ImportError as error:
        needed = _PACKAGES.get(protocol)
        hint = f": run `pip install {needed}` there" if needed else f": {error}"
        raise CodeUnavailable(f"Code from {protocol}:// needs another package on the worker{hint}") from None


def _files_below(system: Any, root: str) -> dict[str, dict[str, Any]]:
    """By their names below the root, in order."""
    system.invalidate_cache()
    found = system.find(root, detail=True, withdirs=False)
    if len(found) > _MOST_FILES:
        raise CodeUnavailable(f"There are more than {_MOST_FILES} files below the storage's URL")
    start = system._strip_protocol(root).rstrip("/") + "/"
    files = {
        details["name"].removeprefix(start).lstrip("/"): details
        for details in found.values()
        if details.get("type") != "directory" and not details["name"].endswith("/")
    }
    return dict(sorted(files.items()))


def _revision(source: RemoteSource, files: dict[str, dict[str, Any]]) -> str:
    """Settings belong to it: what one login may read, another may not. Files without a mark are loaded each time."""
    marks: list[Any] = [source.url, source.settings]
    for name, details in files.items():
        mark = {key: str(details[key]) for key in _MARKS if details.get(key) is not None}
        if not mark:
            mark = {"unknown": secrets.token_hex(8)}
        marks.append([name, details.get("size"), mark])
    return hashlib.sha256(json.dumps(marks, default=str, sort_keys=True).encode()).hexdigest()[:40]


def _inside(place: Path, name: str) -> Path:
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or "\0" in name:
        raise CodeUnavailable(f"The storage has a file whose name leads elsewhere: {name!r}")
    return place.joinpath(*[part for part in parts if part not in ("", ".")])


@contextmanager
def _explained(url: str, settings: dict[str, Any]) -> Iterator[None]:
    """Clients of storage raise what they like, and may tell their keys."""
    try:
        yield
    except CodeUnavailable:
        raise
    except Exception as error:  # noqa: BLE001
        known = [value for value in settings.values() if isinstance(value, str)]
        said = hidden(f"{type(error).__name__}: {error}", known)[:500]
        raise CodeUnavailable(f"The code at {without_login(url)} cannot be read: {said}") from None
