"""Blocks that lead to code, as the pull steps that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.templates import Values

COPY = "copy"  # of a directory of this host
# type of block -> its fields for the repository and for what opens it
_REPOSITORIES = {
    "github-repository": ("repository_url", "credentials"),
    "gitlab-repository": ("repository", "credentials"),
    "bitbucket-repository": ("repository", "bitbucket_credentials"),
}
_KNOWN = ("local-file-system", "remote-file-system", *_REPOSITORIES)


def step_of_block(slug: str, name: str, *, values: Values) -> tuple[str, dict[str, Any]]:
    """The step and its inputs. Raises CodeUnavailable when there is no such block, or it leads to no code."""
    if slug not in _KNOWN:
        raise CodeUnavailable(f"A block of the type {slug!r} leads to no code here; known are {', '.join(_KNOWN)}")
    block = values.fill(f"{{{{ prefect.blocks.{slug}.{name} }}}}")
    if not isinstance(block, Mapping):
        raise CodeUnavailable(f"The block {name!r} of the type {slug!r} is no object")
    if slug in _REPOSITORIES:
        repository, credentials = _REPOSITORIES[slug]
        return "git_clone", _given(
            repository=_needed(block, repository, name),
            branch=block.get("reference"),
            credentials=block.get(credentials),
            include_submodules=block.get("recurse_submodules"),
        )
    place = _needed(block, "basepath", name)
    if slug == "remote-file-system":
        return "pull_from_remote_storage", {**(block.get("settings") or {}), "url": place}
    return COPY, {"directory": place}


def _needed(block: Mapping[str, Any], key: str, name: str) -> Any:
    if not block.get(key):
        raise CodeUnavailable(f"The block {name!r} has no {key}, so it leads to no code")
    return block[key]


def _given(**inputs: Any) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if value}
