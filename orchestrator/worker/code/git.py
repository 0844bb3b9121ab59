"""Code from a git repository: a ref becomes a commit, and a commit is fetched once per host."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from orchestrator.worker.code.cache import CodeCache
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.fetching import Fetching
from orchestrator.worker.code.hiding import hidden

PROTOCOLS = ("https", "http", "ssh", "file")
_COMMIT = re.compile(r"[0-9a-fA-F]{4,64}")
_WHOLE_COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_LIKE_SCP = re.compile(r"(?:[A-Za-z0-9._~-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!//)[^:].*")  # git@host:org/repository.git
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Names of users that go with a bare token; these hosts care.
_USER_OF_TOKEN = {"gitlab": "oauth2", "bitbucket": "x-token-auth"}
_DEFAULT_USER_OF_TOKEN = "x-access-token"


@dataclass(frozen=True, slots=True)
class Login:
    """What opens a private repository. Never shown: `repr` leaves the password out."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(…)"


@dataclass(frozen=True, slots=True)
class GitSource:
    """One checkout of one repository. `ref` is a branch or tag, None the default branch; a `commit` is fixed."""

    url: str
    ref: str | None = None
    commit: str | None = None
    directories: tuple[str, ...] = ()
    submodules: bool = False
    login: Login | None = None

    @property
    def name(self) -> str:
        """What the checkout's directory is called unless somebody says otherwise."""
        path = self.url.rstrip("/").replace(":", "/")
        name = path.rpartition("/")[2].removesuffix(".git") or "repository"
        return f"{name}-{self.ref.replace('/', '-')}" if self.ref else name


def git_source(
    url: Any,
    *,
    ref: Any = None,
    commit: Any = None,
    directories: Any = None,
    submodules: bool = False,
    credentials: Any = None,
) -> GitSource:
    """Check what a deployment says about its repository. Raises CodeUnavailable for what git must not be given."""
    clean, login = _checked_url(url)
    login = login_from(credentials, host=urlsplit(clean).hostname or "") or login
    if login is not None:
        parts = urlsplit(clean)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise CodeUnavailable(f"The token for {clean} would travel in the open: use https")
        if parts.scheme not in ("http", "https"):
            login = None  # ssh has its keys, and a file needs none
    if ref is not None and commit is not None:
        raise CodeUnavailable("Give a branch or tag, or a commit, but not both")
    if ref is not None and not _is_ref(ref):
        raise CodeUnavailable(f"{ref!r} cannot be the name of a branch or tag")
    if commit is not None and not (isinstance(commit, str) and _COMMIT.fullmatch(commit)):
        raise CodeUnavailable(f"{commit!r} is no commit: 4 to 64 hexadecimal digits are needed")
    return GitSource(
        clean, ref, commit.lower() if commit else None, _checked_directories(directories), bool(submodules), login
    )


def login_from(credentials: Any, *, host: str) -> Login | None:
    """Out of a token, or of an object with `username`, `access_token`, `token` or `password`; None for nothing.

    A token may bring its user along, as in `x-token-auth:…`. Raises CodeUnavailable for anything else.
    """
    if credentials in (None, "", {}):
        return None
    given = {"access_token": credentials} if isinstance(credentials, str) else credentials
    if not isinstance(given, Mapping):
        raise CodeUnavailable("The credentials for the repository must be a token, or an object with an access_token")
    token = next((given[key] for key in ("access_token", "token", "password", "value") if given.get(key)), None)
    if isinstance(token, Mapping):
        return login_from({**token, **({"username": given["username"]} if given.get("username") else {})}, host=host)
    if not isinstance(token, str):
        raise CodeUnavailable("The credentials for the repository have no access_token")
    if any(character in token for character in "\r\n\0"):
        raise CodeUnavailable("The token for the repository has a line break in it")
    user = given.get("username")
    if not user and ":" in token:
        user, _, token = token.partition(":")
    if not user:
        user = next((name for part, name in _USER_OF_TOKEN.items() if part in host), _DEFAULT_USER_OF_TOKEN)
    return Login(str(user), token)


def checked_out(source: GitSource, target: Path, *, cache: CodeCache, fetching: Fetching) -> str:
    """Put a checkout of the source at `target`, a directory that does not exist yet; returns the commit.

    A branch or tag is looked up each time. A commit that is here already needs no network, if this login, or none,
    has opened the repository from here before.
    """
    git = _Git(source, cache=cache, fetching=fetching)
    with fetching:
        commit, found_as = git.resolve()
        # Which submodules could be got depends on the login, and having opened the repository says nothing about them.
        submodules = _whose(source.login) or True if source.submodules else False
        key = f"git-{_digest(source.url, source.directories, submodules)}-{commit}"
        fetched = cache.copy(key, target, fetch=lambda place: git.fetch(place, commit, found_as), fetching=fetching)
        if commit == source.commit and not fetched and not git.was_opened_before():
            try:
                git.ask_whether_open()
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
        git.note_that_it_opened()
    return commit


class _Git:
    """The program, told nothing secret on its command line."""

    def __init__(self, source: GitSource, *, cache: CodeCache, fetching: Fetching) -> None:
        self._source = source
        self._cache = cache
        self._fetching = fetching
        program = shutil.which("git")
        if program is None:
            raise CodeUnavailable("The run's code is in a git repository, and git is not installed on this worker")
        self._program = program

    def resolve(self) -> tuple[str, str | None]:
        """The commit, and the ref that leads to it, None when it was named by itself."""
        source = self._source
        if source.commit is not None:
            if _WHOLE_COMMIT.fullmatch(source.commit):
                return source.commit, None
            return self._whole_commit(source.commit), None
        wanted = (
            ["HEAD"]
            if source.ref is None
            else [f"refs/heads/{source.ref}", f"refs/tags/{source.ref}", f"refs/tags/{source.ref}^{{}}"]
        )
        out = self._must("ls-remote", "--quiet", "--", source.url, *wanted)
        found = {name: commit for commit, _, name in (line.partition("\t") for line in out.splitlines())}
        for name in (wanted[0], *wanted[:0:-1]):  # a branch before a tag, and what a tag points at before the tag
            if name in found:
                return found[name], name.removesuffix("^{}")
        what = "default branch" if source.ref is None else f"branch or tag {source.ref!r}"
        raise CodeUnavailable(f"The repository {source.url} has no {what}")

    def was_opened_before(self) -> bool:
        """Whether this login, or none, got into the repository from this host."""
        return self._mark.exists()

    def note_that_it_opened(self) -> None:
        self._mark.parent.mkdir(parents=True, exist_ok=True)
        self._mark.touch()

    def ask_whether_open(self) -> None:
        """Whoever could not open the repository must not get its code out of the cache. Raises CodeUnavailable."""
        self._must("ls-remote", "--quiet", "--", self._source.url, "HEAD")

    @property
    def _mark(self) -> Path:
        return self._cache.home / "opened" / _digest(self._source.url, _whose(self._source.login))

    def fetch(self, place: Path, commit: str, found_as: str | None) -> None:
        """Fill an empty directory with the checkout."""
        source = self._source
        self._must("init", "--quiet", "--", str(place), watched=place)
        self._must("config", "remote.origin.url", source.url, watched=place, directory=place)
        if not self._fetch_one(place, found_as or commit) or not self._has(place, commit):
            every = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
            self._must("fetch", "--quiet", "--", source.url, *every, watched=place, directory=place)
        if source.directories:
            self._must("sparse-checkout", "set", "--", *source.directories, watched=place, directory=place)
        code, _, said = self._run("checkout", "--quiet", "--detach", commit, watched=place, directory=place)
        if code != 0:
            raise CodeUnavailable(f"The repository {source.url} has no commit {commit}: {self._reason(said)}")
        if source.submodules:
            update = ("submodule", "update", "--quiet", "--init", "--recursive", "--depth", "1")
            self._must(*update, watched=place, directory=place)
        (place / ".git" / "FETCH_HEAD").unlink(missing_ok=True)

    def _fetch_one(self, place: Path, what: str) -> bool:
        """Only what is needed. False when the server gives no single commits."""
        code, _, said = self._run(
            "fetch", "--quiet", "--depth", "1", "--", self._source.url, what, watched=place, directory=place
        )
        if code != 0 and not _COMMIT.fullmatch(what):
            raise self._failed("fetch", said)
        return code == 0

    def _has(self, place: Path, commit: str) -> bool:
        code, _, _ = self._run("cat-file", "-e", f"{commit}^{{commit}}", watched=place, directory=place)
        return code == 0

    def _whole_commit(self, start: str) -> str:
        """An abbreviated commit, looked up among all there are: the cache cannot know what else begins like this."""
        place = self._cache.home / "incoming"
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place, prefix="lookup-") as name:
            directory = Path(name)
            self._must("init", "--quiet", "--bare", "--", name, watched=directory)
            every = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
            self._must("fetch", "--quiet", "--", self._source.url, *every, watched=directory, directory=directory)
            code, out, _ = self._run(
                "rev-parse", "--verify", "--quiet", f"{start}^{{commit}}", watched=directory, directory=directory
            )
        if code != 0:
            raise CodeUnavailable(f"The repository {self._source.url} has no single commit that begins with {start}")
        return out.strip()

    def _must(self, *arguments: str, watched: Path | None = None, directory: Path | None = None) -> str:
        code, out, said = self._run(*arguments, watched=watched, directory=directory)
        if code != 0:
            raise self._failed(arguments[0], said)
        return out

    def _run(self, *arguments: str, watched: Path | None = None, directory: Path | None = None) -> tuple[int, str, str]:
        return self._fetching.run(
            [self._program, *arguments],
            environment=self._environment(),
            directory=directory,
            watched=watched or self._cache.home / "nothing",
        )

    def _environment(self) -> dict[str, str]:
        """Git asks nobody, follows no strange protocols, and gets the login by a variable, for this host alone."""
        source = self._source
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_TRACE"))
            and name not in _OF_ANOTHER_REPOSITORY
        }
        here = source.url.startswith("file:")
        environment.update(
            GIT_TERMINAL_PROMPT="0",
            GIT_ALLOW_PROTOCOL=":".join(each for each in PROTOCOLS if here or each != "file"),
            LC_ALL="C",
        )
        environment.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
        configuration = [("core.hooksPath", os.devnull), ("core.fsmonitor", "false"), ("gc.auto", "0")]
        if source.login is not None:
            parts = urlsplit(source.url)
            origin = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
            word = base64.b64encode(f"{source.login.user}:{source.login.password}".encode()).decode()
            configuration += [
                (f"http.{origin}.extraHeader", f"Authorization: Basic {word}"),
                # The header belongs to this host; a redirect might lead to another.
                (f"http.{origin}.followRedirects", "false"),
                ("credential.helper", ""),
            ]
        environment["GIT_CONFIG_COUNT"] = str(len(configuration))
        for number, (name, value) in enumerate(configuration):
            environment[f"GIT_CONFIG_KEY_{number}"] = name
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        return environment

    def _failed(self, what: str, said: str) -> CodeUnavailable:
        hint = ""
        if any(sign in said for sign in _SIGNS_OF_NO_ACCESS):
            hint = (
                " Is it private? Give a token: credentials or access_token, best from a Secret block"
                if self._source.login is None and self._source.url.startswith("http")
                else " The worker's credentials do not open it"
            )
        return CodeUnavailable(
            f"The repository {self._source.url} cannot be read (git {what}): {self._reason(said)}.{hint}"
        )

    def _reason(self, said: str) -> str:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines[-1:]
        if telling and "Could not read from remote" in telling[0] and lines.index(telling[0]) > 0:
            telling = [lines[lines.index(telling[0]) - 1]]  # what ssh said is the reason
        login = self._source.login
        secret = [] if login is None else [login.password, f"{login.user}:{login.password}"]
        return hidden(telling[0] if telling else "no reason was given", secret)[:500].rstrip(".")


_SIGNS_OF_NO_ACCESS = (
    "could not read Username",
    "could not read Password",
    "Authentication failed",
    "Permission denied",
    "error: 403",
    "error: 401",
    "Repository not found",
)
# Variables by which a git that called us would lead ours astray.
_OF_ANOTHER_REPOSITORY = {
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CURL_VERBOSE",
}


def _checked_url(url: Any) -> tuple[str, Login | None]:
    if not isinstance(url, str) or not url.strip() or any(ord(character) < 32 for character in url):
        raise CodeUnavailable("The repository's URL is missing, or has control characters in it")
    url = url.strip()
    if url.startswith("-"):
        raise CodeUnavailable("The repository's URL begins with '-'")
    if "://" not in url:
        if os.path.isabs(url):
            return f"file://{url}", None
        if _LIKE_SCP.fullmatch(url):
            return url, None
        raise CodeUnavailable(f"{hidden(url, [])!r} is no URL of a repository: use {', '.join(PROTOCOLS)}")
    parts = urlsplit(url)
    if parts.scheme not in PROTOCOLS:
        raise CodeUnavailable(f"Repositories are not fetched by {parts.scheme!r}: use {', '.join(PROTOCOLS)}")
    host = parts.hostname or ""
    if host.startswith("-") or (not host and parts.scheme != "file"):
        raise CodeUnavailable(f"The repository's URL names no host: {hidden(url, [])}")
    if parts.scheme in ("http", "https") and parts.username:
        login = (
            Login(unquote(parts.username), unquote(parts.password))
            if parts.password
            else login_from(unquote(parts.username), host=host)
        )
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")), login
    return url, None


def _checked_directories(directories: Any) -> tuple[str, ...]:
    if not directories:
        return ()
    if isinstance(directories, str) or not all(isinstance(each, str) and each for each in directories):
        raise CodeUnavailable("`directories` must be a list of names of directories")
    for each in directories:
        if each.startswith(("-", "/")) or ".." in each.split("/") or any(ord(character) < 32 for character in each):
            raise CodeUnavailable(f"{each!r} is no directory of a repository")
    return tuple(directories)


def _is_ref(ref: Any) -> bool:
    """By git's own rules for names of refs, as far as they matter for safety."""
    if not isinstance(ref, str) or not ref or len(ref) > 255:
        return False
    return not (
        ref.startswith(("-", "/", "."))
        or ref.endswith(("/", ".", ".lock"))
        or ".." in ref
        or "@{" in ref
        or any(ord(character) < 33 or character in "~^:?*[\\\x7f" for character in ref)
    )


def _whose(login: Login | None) -> tuple[str, str] | None:
    return None if login is None else (login.user, login.password)


def _digest(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]
