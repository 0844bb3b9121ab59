"""Where workers get a flow's code: `flow.from_source(…)`.

A source is described by pull steps, as deployments store them; workers know what to do with them.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestrator.sdk.deployments.block_references import is_block, name_of_block, references, refuse_secret
from orchestrator.sdk.deployments.open_secrets import refuse_open_secrets, refuse_user
from orchestrator.sdk.errors import DeploymentError

if TYPE_CHECKING:
    from orchestrator.sdk.blocks.core import Block
    from orchestrator.sdk.flows.flow import Flow

_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_FETCHER = "orchestrator.worker.code"  # a program: what executes flows is not imported here
_OF_AN_ARCHIVE = ("url", "sha256", "access_token", "directory", "settings")


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A repository: its default branch, or a `branch`, a `tag`, or the commit `commit_sha`.

    `credentials` is `{"access_token": Secret.load("name")}`, with a `username` if the host wants one, or a block of
    credentials, or a template that names one. Only the block's name is stored with the deployment; a token itself is
    refused. `name` is what the directory of the checkout is called. `directories` are the only ones that are got.

    Each run gets the code as it is when it begins, so `pull_interval` is not looked at.
    """

    url: str
    branch: str | None = None
    tag: str | None = None
    commit_sha: str | None = None
    directories: Sequence[str] | None = None
    include_submodules: bool = False
    credentials: Mapping[str, Any] | Block | str | None = None
    name: str | None = None
    pull_interval: float | None = None

    def pull_steps(self) -> list[dict[str, Any]]:
        """Raises DeploymentError for a secret that would be stored in the open, or more than one revision."""
        if sum(each is not None for each in (self.branch, self.tag, self.commit_sha)) > 1:
            raise DeploymentError("Give a branch, a tag or a commit_sha of the repository, but only one of them")
        refuse_user(self.url, "The repository's URL")
        credentials = references(self.credentials)
        if isinstance(credentials, Mapping):
            refuse_open_secrets(credentials, "credentials")
        else:
            refuse_secret(credentials, "credentials")
        inputs = {
            "repository": self.url,
            "branch": self.branch or self.tag,  # as clients of other versions write a tag, too
            "commit_sha": self.commit_sha,
            "directories": list(self.directories) if self.directories else None,
            "include_submodules": self.include_submodules or None,
            "credentials": credentials or None,
            "clone_directory_name": self.name,
        }
        return [_step("prefect.deployments.steps.git_clone", inputs)]


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip or tar file by URL or path; with `sha256` exactly that one. `directory` is the one in it that counts."""

    url: str
    sha256: str | None = None
    access_token: str | Block | None = None
    directory: str | None = None
    settings: dict[str, Any] | None = None

    def pull_steps(self) -> list[dict[str, Any]]:
        """Raises DeploymentError for a secret that would be stored in the open."""
        given = {name: references(getattr(self, name)) for name in _OF_AN_ARCHIVE}
        refuse_user(self.url, "The archive's URL")
        refuse_secret(given["access_token"], "access_token")
        refuse_open_secrets(given["settings"], "settings")
        return [_step("orchestrator.steps.fetch_archive", given)]


@dataclass(frozen=True, slots=True, init=False)
class RemoteStorage:
    """A directory of a storage that fsspec reaches, such as `s3://bucket/flows`.

    All else that is given is for its client, as in `RemoteStorage(url, key=Secret.load("key"), secret=…)`; of blocks
    only the names are stored. Each run gets the code as it is when it begins, so `pull_interval` is not looked at.
    """

    url: str
    settings: dict[str, Any]

    def __init__(
        self,
        url: str,
        settings: Mapping[str, Any] | None = None,
        *,
        pull_interval: float | None = None,
        **more: Any,
    ) -> None:
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "settings", {**(settings or {}), **more})

    def pull_steps(self) -> list[dict[str, Any]]:
        """Raises DeploymentError for a secret that would be stored in the open."""
        settings = references(self.settings)
        refuse_user(self.url, "The storage's URL")
        refuse_open_secrets(settings, "settings")
        return [_step("prefect.deployments.steps.pull_from_remote_storage", {"url": self.url, **settings})]


@dataclass(frozen=True, slots=True)
class LocalStorage:
    """A directory that is there on every worker's host. It is looked at for each run; so is no `pull_interval`."""

    path: str
    pull_interval: float | None = None

    def pull_steps(self) -> list[dict[str, Any]]:
        """The one step that a worker takes: it goes to the directory. The path is made absolute here and now."""
        return [_step("prefect.deployments.steps.set_working_directory", {"directory": os.path.abspath(self.path)})]


@dataclass(frozen=True, slots=True)
class BlockStorage:
    """What a saved block leads to: a file system, or a repository of GitHub, GitLab or Bitbucket."""

    block: Any

    def pull_steps(self) -> list[dict[str, Any]]:
        """Raises DeploymentError for a block that is stored nowhere."""
        slug, name = name_of_block(self.block)
        return [
            _step("prefect.deployments.steps.pull_with_block", {"block_type_slug": slug, "block_document_name": name})
        ]


Source = GitRepository | Archive | RemoteStorage | LocalStorage | BlockStorage


def source_of(given: Any) -> Source:
    """What a text means: an archive by its ending, a repository or a storage by its protocol, else a directory.

    Raises DeploymentError.
    """
    if isinstance(given, (GitRepository, Archive, RemoteStorage, LocalStorage, BlockStorage)):
        return given
    if is_block(given):
        return BlockStorage(given)
    if not isinstance(given, (str, os.PathLike)):
        raise DeploymentError(
            f"A source is a URL, a directory, GitRepository, Archive, RemoteStorage or a saved block: {given!r}"
        )
    text = os.fspath(given)
    parts = urlsplit(text)
    if parts.path.lower().endswith(_ARCHIVES):
        return Archive(text)
    if parts.scheme in ("http", "https", "ssh") or parts.path.endswith(".git") or text.startswith("git@"):
        return GitRepository(text)
    if parts.scheme == "file":
        return LocalStorage(parts.path) if os.path.isdir(parts.path) else GitRepository(text)
    return RemoteStorage(text) if "://" in text else LocalStorage(text)


def from_source(source: Any, entrypoint: str) -> Flow[Any, Any]:
    """The flow `path/file.py:name` of a source, whose `deploy` lets workers fetch the code from there for each run.

    `source` is a URL, a directory, GitRepository, Archive, RemoteStorage, LocalStorage or a saved block. The code is
    fetched once now, to read the flow. Raises DeploymentError when that cannot be done, FlowNotFound when there is no
    such flow.
    """
    from orchestrator.sdk.flows.loading import load_flow

    steps = source_of(source).pull_steps()
    flow = load_flow(entrypoint, directory=_fetched(steps))
    flow.source = FlowSource(steps, entrypoint)
    return flow


@dataclass(frozen=True, slots=True)
class FlowSource:
    """Where a flow came from, as its deployments say it."""

    pull_steps: list[dict[str, Any]]
    entrypoint: str

    def options(self, given: dict[str, Any]) -> dict[str, Any]:
        """The options of a deployment, with the place of the code unless they say another."""
        if {"pull_steps", "path"} & given.keys():
            return given
        return {"pull_steps": self.pull_steps, "entrypoint": self.entrypoint, **given}


def _fetched(steps: list[dict[str, Any]]) -> str:
    """A directory with the code, which goes away with this process."""
    directory = tempfile.mkdtemp(prefix="orchestrator-source-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", _FETCHER],
        input=json.dumps({"steps": steps, "directory": directory}),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise DeploymentError(f"The code could not be fetched: exit code {done.returncode}") from None
    if "error" in answer:
        raise DeploymentError(f"The code could not be fetched. {answer['error']}")
    return str(answer["directory"])


def _step(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {key: value for key, value in inputs.items() if value is not None}}
