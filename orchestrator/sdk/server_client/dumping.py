"""Some fields of an object, as `model_dump()` chooses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def chosen(
    values: Mapping[str, Any],
    *,
    include: Iterable[str] | None,
    exclude: Iterable[str] | None,
    exclude_none: bool,
) -> dict[str, Any]:
    """Those that `include` names, None is all of them, without those that `exclude` names and that are None."""
    wanted = values.keys() if include is None else _names(include, "include")
    unwanted = _names(exclude, "exclude") if exclude is not None else frozenset()
    return {
        name: value
        for name, value in values.items()
        if name in wanted and name not in unwanted and not (exclude_none and value is None)
    }


def _names(given: Any, keyword: str) -> frozenset[str]:
    if isinstance(given, (str, bytes, Mapping)):
        raise TypeError(f"{keyword} is {given!r}; the names of fields are needed, such as {{'id', 'name'}}")
    return frozenset(given)
