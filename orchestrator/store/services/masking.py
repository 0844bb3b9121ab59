"""Secrets in the data of a block are shown as stars, and stars that come back mean: as it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MASK = "********"  # of any length of secret

Path = tuple[str, ...]
_NOTHING = object()  # where nothing is stored


def masked(data: Any, paths: Iterable[Path]) -> Any:
    """A copy with every value at a secret path replaced, as a whole. At `*` and below, every value is.

    Lists, and mappings that lack the name, are passed through: `servers.token` is the token of each of the servers.
    A missing value (None) stays visible, except below `*`.
    """
    for path in paths:
        data = _masked(data, path)
    return data


def unmasked(sent: Any, stored: Any, paths: Iterable[Path]) -> Any:
    """A copy of `sent` in which the mask at a secret path is replaced by what is stored there."""
    for path in paths:
        sent = _unmasked(sent, stored, path)
    return sent


def _masked(value: Any, path: Path) -> Any:
    if not path:
        return None if value is None else MASK
    if path[0] == "*":
        return _all_masked(value)
    if isinstance(value, list):
        return [_masked(item, path) for item in value]
    if not isinstance(value, dict):
        return value
    if path[0] in value:
        return {**value, path[0]: _masked(value[path[0]], path[1:])}
    return {key: _masked(item, path) if isinstance(item, (dict, list)) else item for key, item in value.items()}


def _all_masked(value: Any) -> Any:
    return {key: _all_masked(item) for key, item in value.items()} if isinstance(value, dict) else MASK


def _unmasked(sent: Any, stored: Any, path: Path) -> Any:
    if not path or path[0] == "*":
        return _restored(sent, stored)
    if isinstance(sent, list):
        old = stored if isinstance(stored, list) else []
        return [_unmasked(item, old[at] if at < len(old) else _NOTHING, path) for at, item in enumerate(sent)]
    if not isinstance(sent, dict):
        return sent
    known = stored if isinstance(stored, dict) else {}
    if path[0] in sent:
        return {**sent, path[0]: _unmasked(sent[path[0]], known.get(path[0], _NOTHING), path[1:])}
    return {
        key: _unmasked(item, known.get(key, _NOTHING), path) if isinstance(item, (dict, list)) else item
        for key, item in sent.items()
    }


def _restored(sent: Any, stored: Any) -> Any:
    if sent == MASK:
        return sent if stored is _NOTHING else stored
    if isinstance(sent, dict) and isinstance(stored, dict):
        return {key: _restored(item, stored.get(key, _NOTHING)) for key, item in sent.items()}
    return sent
