"""Code from a zip or tar file: by HTTP, from a path, or from anywhere that fsspec reaches."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import stat
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from orchestrator.worker.code.cache import CodeCache
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.fetching import Fetching
from orchestrator.worker.code.hiding import hidden, without_login
from orchestrator.worker.code.remote import opened_remote

_BLOCK_BYTES = 256 * 1024
_MOST_MEMBERS = 200_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A zip or tar file. With `sha256` it is fixed, and needs no network once it is here."""

    url: str
    sha256: str | None = None
    token: str | None = None
    settings: tuple[tuple[str, Any], ...] = ()  # for fsspec

    def __repr__(self) -> str:
        return f"ArchiveSource({without_login(self.url)!r})"


def archive_source(url: Any, *, sha256: Any = None, token: Any = None, settings: Any = None) -> ArchiveSource:
    """Check what a deployment says about its archive. Raises CodeUnavailable."""
    if not isinstance(url, str) or not url.strip() or any(ord(character) < 32 for character in url):
        raise CodeUnavailable("The archive's URL is missing, or has control characters in it")
    if sha256 is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256.lower())):
        raise CodeUnavailable(f"{sha256!r} is no SHA-256: 64 hexadecimal digits are needed")
    if token is not None and (not isinstance(token, str) or any(ord(character) < 32 for character in token)):
        raise CodeUnavailable("The token for the archive must be text in one line")
    parts = urlsplit(url.strip())
    if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise CodeUnavailable(f"The token for {without_login(url)} would travel in the open: use https")
    if settings is not None and not isinstance(settings, dict):
        raise CodeUnavailable("The settings for the archive's storage must be an object")
    return ArchiveSource(
        url.strip(), sha256.lower() if sha256 else None, token, tuple(sorted((settings or {}).items()))
    )


def unpacked(source: ArchiveSource, target: Path, *, cache: CodeCache, fetching: Fetching) -> str:
    """Put the content at `target`, a directory that does not exist yet; returns the archive's SHA-256.

    An archive that the server calls unchanged is not loaded again.
    """
    with fetching:
        if source.sha256 is not None and cache.has(_key(source.sha256)):
            return _copy(source.sha256, target, cache, fetching, lambda place: None)
        known = _known(source, cache)
        cache.home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache.home, prefix="archive-") as file:
            mark = _load(source, file, fetching, unless=known[0] if known else None)
            if mark is None and known is not None:
                return _copy(known[1], target, cache, fetching, lambda place: None)
            file.flush()
            digest = _digest_of(file)
            if source.sha256 is not None and digest != source.sha256:
                raise CodeUnavailable(
                    f"The archive {without_login(source.url)} has the SHA-256 {digest}, not {source.sha256}"
                )
            _copy(digest, target, cache, fetching, lambda place: unpack(Path(file.name), place, fetching=fetching))
        if mark:
            _remember(source, cache, mark, digest)
    return digest


def unpack(archive: Path, place: Path, *, fetching: Fetching) -> None:
    """Unpack into an empty directory. Raises CodeUnavailable for what is no archive, or wants to get out of there."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                _unzip(zipped, place, fetching)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tarred:
                _untar(tarred, place, fetching)
        else:
            raise CodeUnavailable("The archive is neither a zip nor a tar file")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        if isinstance(error, CodeUnavailable):
            raise
        raise CodeUnavailable(f"The archive cannot be unpacked: {error}") from error


def _unzip(zipped: zipfile.ZipFile, place: Path, fetching: Fetching) -> None:
    members = zipped.infolist()
    _check_count(len(members))
    total = 0
    for member in members:
        mode = member.external_attr >> 16
        path = _inside(place, member.filename)
        if stat.S_ISLNK(mode):
            raise CodeUnavailable(
                f"The archive has a symbolic link in it, {member.filename!r}: use a tar file for those"
            )
        if member.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipped.open(member) as content:
            total = _write(content, path, total, fetching)
        if mode & 0o111:
            path.chmod(0o755)


def _untar(tarred: tarfile.TarFile, place: Path, fetching: Fetching) -> None:
    total = 0
    links: list[tuple[tarfile.TarInfo, Path]] = []
    for count, member in enumerate(tarred, start=1):
        _check_count(count)
        path = _inside(place, member.name)
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
        elif member.isfile():
            content = tarred.extractfile(member)
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                with content:
                    total = _write(content, path, total, fetching)
                if member.mode & 0o111:
                    path.chmod(0o755)
        elif member.issym() or member.islnk():
            links.append((member, path))
        else:
            raise CodeUnavailable(f"The archive has something in it that is no file or directory: {member.name!r}")
    # Last, so that nothing is ever written through a link.
    for member, path in links:
        begins = place if member.islnk() else path.parent
        aim = _inside(place, os.path.relpath(os.path.normpath(begins / member.linkname), place), of=member.name)
        if member.linkname.startswith("/"):
            raise CodeUnavailable(f"The archive has a link in it that leads out of it: {member.name!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.resolve() != path.parent:
            raise CodeUnavailable(f"The archive has a link in it below another link: {member.name!r}")
        if path.exists() or path.is_symlink():
            raise CodeUnavailable(f"The archive has {member.name!r} twice")
        if member.islnk():
            if not aim.is_file() or aim.is_symlink():
                raise CodeUnavailable(f"The archive has a link in it to what is not there: {member.name!r}")
            shutil.copy2(aim, path)
            total += aim.stat().st_size
            fetching.check(total)
        else:
            os.symlink(member.linkname, path)
    # As the system follows them, one through another: `a -> .` turns `a/..` into a way out.
    for member, path in links:
        if not path.resolve().is_relative_to(place.resolve()):
            raise CodeUnavailable(f"The archive has a link in it that leads out of it: {member.name!r}")


def _inside(place: Path, name: str, *, of: str | None = None) -> Path:
    """Where a member goes. Raises CodeUnavailable when that is elsewhere than below `place`."""
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or "\0" in name or (len(name) > 1 and name[1] == ":"):
        raise CodeUnavailable(f"The archive wants to write outside of its directory: {of or name!r}")
    return place.resolve().joinpath(*[part for part in parts if part not in ("", ".")])


def _write(content: IO[bytes], path: Path, total: int, fetching: Fetching) -> int:
    """Counts what really comes out: what an archive says about sizes may be a lie. Returns the new total."""
    with path.open("wb") as file:
        while block := content.read(_BLOCK_BYTES):
            total += len(block)
            fetching.check(total)
            file.write(block)
    return total


def _check_count(count: int) -> None:
    if count > _MOST_MEMBERS:
        raise CodeUnavailable(f"The archive has more than {_MOST_MEMBERS} files in it")


def _copy(digest: str, target: Path, cache: CodeCache, fetching: Fetching, fetch: Callable[[Path], None]) -> str:
    cache.copy(_key(digest), target, fetch=fetch, fetching=fetching)
    return digest


def _load(source: ArchiveSource, file: IO[bytes], fetching: Fetching, *, unless: str | None) -> str | None:
    """Write the archive to the file. Returns what tells this version from others ("" for nothing), or None if it is
    still the one marked `unless`."""
    parts = urlsplit(source.url)
    if parts.scheme in ("http", "https"):
        return _load_by_http(source, file, fetching, unless)
    if parts.scheme in ("", "file"):
        path = Path(unquote(parts.path) if parts.scheme else source.url).expanduser()
        try:
            with path.open("rb") as content:
                status = os.fstat(content.fileno())
                mark = f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
                if mark == unless:
                    return None
                _write_to(file, content, fetching)
        except OSError as error:
            raise CodeUnavailable(f"The archive {path} cannot be read on this worker: {error.strerror}") from error
        return mark
    with opened_remote(source.url, dict(source.settings)) as content:
        _write_to(file, content, fetching)
    return ""


def _load_by_http(source: ArchiveSource, file: IO[bytes], fetching: Fetching, unless: str | None) -> str | None:
    shown = without_login(source.url)
    parts = urlsplit(source.url)
    headers = {"User-Agent": "orchestrator-worker", "Accept": "*/*"}
    url = source.url
    if source.token:
        headers["Authorization"] = f"Bearer {source.token}"
    elif parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if unless:
        headers["If-None-Match"] = unless
    opener = urllib.request.build_opener(_Redirects)
    try:
        request = urllib.request.Request(url, headers=headers)
        with opener.open(request, timeout=min(30.0, fetching.seconds_left)) as answer:
            _write_to(file, answer, fetching)
            return answer.headers.get("ETag") or ""
    except urllib.error.HTTPError as error:
        if error.code == 304 and unless:
            return None
        hint = ""
        if error.code in (401, 403, 404) and not source.token:
            hint = " Is it private? Give an access_token, best from a Secret block"
        raise CodeUnavailable(f"The archive {shown} cannot be read: the server answered {error.code}.{hint}") from None
    except (OSError, HTTPException, ValueError) as error:
        secret = [source.token, parts.password]
        raise CodeUnavailable(f"The archive {shown} cannot be read: {hidden(str(error), secret)}") from None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to HTTP addresses only, and shows a login to nobody but the host that it is for."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        aim = urlsplit(newurl)
        if aim.scheme not in ("http", "https"):
            raise CodeUnavailable(f"The archive's server leads to {aim.scheme!r}, which is not followed")
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        before = urlsplit(req.full_url)
        if new is not None and (aim.scheme, aim.netloc) != (before.scheme, before.netloc):
            new.remove_header("Authorization")
        return new


def _write_to(file: IO[bytes], content: IO[bytes], fetching: Fetching) -> None:
    size = 0
    while block := content.read(_BLOCK_BYTES):
        size += len(block)
        fetching.check(size)
        file.write(block)


def _digest_of(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _key(digest: str) -> str:
    return f"archive-{digest}"


def _mark_file(source: ArchiveSource, cache: CodeCache) -> Path:
    # The token belongs to it: what one may load, another may not.
    name = hashlib.sha256(json.dumps([source.url, source.token, source.settings], default=str).encode()).hexdigest()
    return cache.home / "marks" / name


def _known(source: ArchiveSource, cache: CodeCache) -> tuple[str, str] | None:
    """What was loaded last from there: the server's mark and the digest, if its content is still here."""
    try:
        mark, digest = json.loads(_mark_file(source, cache).read_text())
    except (OSError, ValueError):
        return None
    return (mark, digest) if cache.has(_key(digest)) else None


def _remember(source: ArchiveSource, cache: CodeCache, mark: str, digest: str) -> None:
    place = _mark_file(source, cache)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f"{place.name}.{os.getpid()}")
    new.write_text(json.dumps([mark, digest]))
    os.replace(new, place)
