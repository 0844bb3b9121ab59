"""A module whose attributes are looked up when they are asked for, and can be overridden by the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from orchestrator.sdk.errors import SettingError

PREFIX = "ORCHESTRATOR__RUNTIME__"


class Field(NamedTuple):
    """`read` gives the value; `cast` makes one of the text of an environment variable, or raises ValueError."""

    read: Callable[[], Any]
    cast: Callable[[str], Any]


def lookup(module: str, fields: Mapping[str, Field]) -> Callable[[str], Any]:
    """The `__getattr__` of the module with these fields; each is also there as a function, `get_id()` for `id`.

    Raises SettingError for an override that cannot be used.
    """
    short = module.rpartition(".")[2]
    getters = _getters(short, fields)

    def __getattr__(name: str) -> Any:
        if name in getters:
            return getters[name]
        field = fields.get(name)
        variable = f"{PREFIX}{short}__{name}".upper()
        override = None if name.startswith("_") else os.environ.get(variable)
        if override is not None:
            return _cast(field.cast if field is not None else str, override, variable)
        if field is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return field.read()

    return __getattr__


def _getters(short: str, fields: Mapping[str, Field]) -> dict[str, Callable[[], Any]]:
    """What a getter gives is what is known, without what the environment says."""
    getters = {f"get_{name}": field.read for name, field in fields.items()}
    for name in ("api_url", "ui_url"):
        if name in fields:
            getters[f"get_{short}_{name}"] = fields[name].read
    return getters


def listing(fields: Mapping[str, Field]) -> Callable[[], list[str]]:
    """The `__dir__` of the module with these fields."""
    return lambda: sorted(fields)


def words(text: str) -> list[str]:
    """A list as JSON, or words between commas."""
    return list(_json(text, list)) if text.lstrip().startswith("[") else [word.strip() for word in text.split(",")]


def mapping(text: str) -> dict[str, Any]:
    return dict(_json(text, dict))


def moment(text: str) -> Any:
    from orchestrator.contract.times import parse_time

    return parse_time(text)


def _json(text: str, kind: type) -> Any:
    import json

    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError(f"JSON that is a {kind.__name__} is needed")
    return value


def _cast(cast: Callable[[str], Any], text: str, variable: str) -> Any:
    try:
        return cast(text)
    except ValueError as error:
        raise SettingError(f"{variable} is {text!r}; {error}") from None
