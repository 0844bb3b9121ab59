"""Variables: small values with a name that flows share, kept by the server.

`Variable.get("name")`; or, as older tutorials write it, `variables.get("name")` and `variables["name"]`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import quote

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import client_of_run, needed_client
from orchestrator.sdk.both_ways import Asynchronous, both_ways
from orchestrator.sdk.errors import ApiError, VariableError, VariableExists

MAX_NAME_LENGTH = 255  # characters
MAX_VALUE_LENGTH = 5000  # characters, as JSON

_NAME = re.compile(r"[a-z0-9_-]+")
_NOTHING = object()
_TRIES = 3  # of setting a variable that somebody else makes and deletes meanwhile


class Variable:
    """A variable as it was set: `name`, `value` (anything that JSON can hold) and `tags`."""

    def __init__(self, *, name: str, value: Any, tags: Iterable[str] = ()) -> None:
        self.name = name
        self.value = value
        self.tags = list(tags)

    def __repr__(self) -> str:
        return f"Variable(name={self.name!r}, value={self.value!r}, tags={self.tags!r})"

    def __class_getitem__(cls, _: Any) -> type[Variable]:
        # `Variable[str].get(…)` says which type the reader expects.
        return cls

    @both_ways
    @classmethod
    def get(cls, name: str, default: Any = _NOTHING) -> Any:
        """The value of the variable; `default`, or None, when there is no such variable.

        Raises MissingContext without a server, unless a default is given. Async: `aget`.
        """
        client = client_of_run() if default is not _NOTHING else needed_client("Variable.get()")
        found = _read(client, _checked_name(name)) if client is not None else None
        if found is None:
            return None if default is _NOTHING else default
        return found["value"]

    aget: ClassVar[Asynchronous[Any]] = get.aio

    @both_ways
    @classmethod
    def set(cls, name: str, value: Any, tags: Iterable[str] | None = None, overwrite: bool = False) -> Variable:
        """Keep a value under a name, and return the variable.

        Names have lower case letters, digits, dashes and underscores, up to 255; a value has up to 5000 characters as
        JSON. With `overwrite` one that is there gets the new value, and the new tags unless `tags` is None.

        Raises VariableExists when there is one and `overwrite` was not given, VariableError for a name or value that
        cannot be kept, MissingContext without a server. Async: `aset`.
        """
        client = needed_client("Variable.set()")
        wanted = {"name": _checked_name(name), "value": _checked_value(name, value)}
        listed = _checked_tags(name, tags)
        for _ in range(_TRIES):
            try:
                made = client.ask("POST", "/variables/", {**wanted, "tags": listed or []})
            except ApiError as error:
                if error.status != 409:
                    raise
            else:
                return cls(name=made["name"], value=made["value"], tags=made.get("tags") or ())
            if not overwrite:
                raise VariableExists(f"There is a variable {name!r} already; overwrite=True gives it the new value")
            changes: dict[str, Any] = {"value": wanted["value"], **({"tags": listed} if listed is not None else {})}
            if _change(client, name, changes):
                found = _read(client, name) or {**wanted, "tags": listed}
                return cls(name=name, value=wanted["value"], tags=found.get("tags") or ())
        raise VariableError(f"Variable {name!r} is being made and deleted by others all the time; try again")

    aset: ClassVar[Asynchronous[Variable]] = set.aio

    @both_ways
    @classmethod
    def unset(cls, name: str) -> bool:
        """Delete the variable. False when there is none. Raises MissingContext without a server. Async: `aunset`."""
        client = needed_client("Variable.unset()")
        return _missing_is_none(lambda: client.send("DELETE", _path(_checked_name(name)))) is not None

    aunset: ClassVar[Asynchronous[bool]] = unset.aio


get = Variable.get
set = Variable.set
unset = Variable.unset


class _Module(ModuleType):
    """Makes `variables["name"]` work."""

    def __getitem__(self, name: str) -> Any:
        found = _read(needed_client("variables[…]"), _checked_name(name))
        if found is None:
            raise KeyError(name)
        return found["value"]


variables = sys.modules[__name__]
variables.__class__ = _Module


def _read(client: Client, name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = _missing_is_none(lambda: client.ask("GET", _path(name)))
    return found


def _change(client: Client, name: str, changes: dict[str, Any]) -> bool:
    return _missing_is_none(lambda: client.send("PATCH", _path(name), changes)) is not None


def _missing_is_none(call: Any) -> Any:
    try:
        return call()
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _path(name: str) -> str:
    return f"/variables/name/{quote(name, safe='')}"


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise VariableError(
            f"{name!r} is no name of a variable: lower case letters, digits, dashes and underscores are allowed"
        )
    if len(name) > MAX_NAME_LENGTH:
        raise VariableError(f"The name of a variable has {len(name)} characters; {MAX_NAME_LENGTH} are the most")
    return name


def _checked_value(name: str, value: Any) -> Any:
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise VariableError(f"Variable {name!r}: its value cannot be written as JSON: {error}") from None
    if len(text) > MAX_VALUE_LENGTH:
        raise VariableError(
            f"Variable {name!r}: its value has {len(text)} characters as JSON; {MAX_VALUE_LENGTH} are the most"
        )
    return value


def _checked_tags(name: str, tags: Any) -> list[str] | None:
    if tags is None:
        return None
    listed: list[str] = [] if isinstance(tags, str) else list(tags)
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in listed):
        raise VariableError(f"Variable {name!r}: tags is {tags!r}; a list of texts is needed")
    return listed
