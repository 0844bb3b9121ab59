"""Bodies of Prefect clients of another version: keys that this server does not know are dropped, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from orchestrator.contract.versions import PREFECT_VERSION
from orchestrator.rest.clients import client_version

HEADER = "X-Orchestrator-Ignored"
LONGEST_HEADER = 2_000  # characters
MOST_ROUNDS = 10  # a body that is read again may show more unknown keys, but not for ever

Path = tuple[int | str, ...]
_OWN_VERSION = tuple(int(part) for part in PREFECT_VERSION.split("."))
_UNKNOWN_KEY = "extra_forbidden"


def is_of_another_version(request: Any) -> bool:
    version = client_version(request)
    return version is not None and version != _OWN_VERSION


def read_without_unknown_keys(
    fit: Callable[[Any], Any], sent: Any, error: ValidationError
) -> tuple[Any, list[str]] | None:
    """What `fit` makes of `sent` without the keys that it does not know, and their names such as `a.b`.

    `error` is what it said of the whole. None when something else is wrong too.
    """
    dropped: list[str] = []
    for _ in range(MOST_ROUNDS):
        unknown = _unknown_keys([(tuple(item["loc"]), item["type"]) for item in error.errors()], sent)
        if not unknown:
            return None
        dropped += [".".join(str(part) for part in path) for path in unknown]
        sent = _without(sent, unknown)
        try:
            return fit(sent), dropped
        except ValidationError as next_error:
            error = next_error
    return None


def header_of(dropped: Sequence[str]) -> str:
    """The names for a header: percent signs for what may not stand there, cut where it gets too long."""
    return ", ".join(quote(name, safe="._-[]") for name in dropped)[:LONGEST_HEADER]


def _unknown_keys(errors: list[tuple[Path, str]], sent: Any, at: Path = ()) -> list[Path] | None:
    """The paths in `sent` that must go for the errors to vanish. None when that does not make them vanish.

    Where a value may be one of several types, the errors of each are reported, behind a name that is not in `sent`:
    then the type counts that needs the fewest keys dropped, and nothing else.
    """
    found: list[Path] = []
    choices: dict[Path, dict[Any, list[tuple[Path, str]]]] = {}
    for location, kind in errors:
        path, rest = _walk(location, sent)
        if rest:
            choices.setdefault(path, {}).setdefault(rest[0], []).append((rest[1:], kind))
        elif kind == _UNKNOWN_KEY and path:
            found.append(at + path)
        else:
            return None
    for path, alternatives in choices.items():
        value = _value_at(sent, path)
        ways = [_unknown_keys(of_one, value, at + path) for of_one in alternatives.values()]
        usable = [way for way in ways if way is not None]
        if not usable:
            return None
        fewest = min(usable, key=len)
        found += fewest
    return found


def _walk(location: Path, sent: Any) -> tuple[Path, Path]:
    """As far into `sent` as the location leads, and what is left of it."""
    value = sent
    for number, part in enumerate(location):
        if not _holds(value, part):
            return location[:number], location[number:]
        value = value[part]
    return location, ()


def _holds(value: Any, part: int | str) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _value_at(sent: Any, path: Path) -> Any:
    for part in path:
        sent = sent[part]
    return sent


def _without(sent: Any, paths: Sequence[Path]) -> Any:
    """A copy without the keys at these paths; what is not touched is shared."""
    for key, below in _grouped(paths):
        copy = dict(sent) if isinstance(sent, dict) else list(sent)
        if () in below:
            del copy[key]
        else:
            copy[key] = _without(copy[key], below)
        sent = copy
    return sent


def _grouped(paths: Sequence[Path]) -> Iterator[tuple[Any, list[Path]]]:
    groups: dict[Any, list[Path]] = {}
    for path in paths:
        groups.setdefault(path[0], []).append(path[1:])
    yield from groups.items()
