"""Values that JSON does not know, as JSON objects that say what they are: `{"__class__": …, "data": …}`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from orchestrator.sdk.errors import ResultStorageError

_CLASS, _DATA = "__class__", "data"


def to_form(value: Any) -> dict[str, Any]:
    """For `json.dumps(default=…)`. Raises TypeError for what has no form."""
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    known = _FORMS.get(name)
    if known is not None:
        return {_CLASS: name, _DATA: known[0](value)}
    from dataclasses import fields, is_dataclass
    from enum import Enum
    from pathlib import PurePath

    if isinstance(value, PurePath):
        return {_CLASS: "pathlib.Path", _DATA: str(value)}
    if "<locals>" in name:
        raise TypeError(f"{name} is defined inside a function; nobody could find it again")
    if isinstance(value, Enum):
        return {_CLASS: name, _DATA: value.value}
    if is_dataclass(value) and not isinstance(value, type):
        return {_CLASS: name, _DATA: {each.name: getattr(value, each.name) for each in fields(value)}}
    if callable(getattr(value, "model_dump", None)) and not isinstance(value, type):
        return {_CLASS: name, _DATA: value.model_dump(mode="json")}
    raise TypeError(f"a value of type {name} has no JSON form")


def from_form(found: dict[str, Any]) -> Any:
    """For `json.loads(object_hook=…)`. An object that is no form stays as it is."""
    if found.keys() != {_CLASS, _DATA} or not isinstance(found[_CLASS], str):
        return found
    name, data = found[_CLASS], found[_DATA]
    known = _FORMS.get(name)
    if known is not None:
        return known[1](data)
    kind = _class_named(name)
    return found if kind is None else _rebuilt(kind, data)


def know(kind: type, write: Callable[[Any], Any], read: Callable[[Any], Any]) -> None:
    """From now on, values of exactly this class have a form: `write` gives its data, `read` makes the value of it."""
    _FORMS[f"{kind.__module__}.{kind.__qualname__}"] = (write, read)


def _rebuilt(kind: type, data: Any) -> Any:
    from dataclasses import fields, is_dataclass
    from enum import Enum

    if issubclass(kind, Enum):
        return kind(data)
    if is_dataclass(kind):
        made = object.__new__(kind)
        known = {each.name for each in fields(kind)}
        for name, value in data.items():
            if name in known:
                object.__setattr__(made, name, value)
        return made
    validate = getattr(kind, "model_validate", None)
    return {_CLASS: f"{kind.__module__}.{kind.__qualname__}", _DATA: data} if validate is None else validate(data)


def _class_named(name: str) -> type | None:
    """The class of that name, if its module was imported, or may be. None when there is no such class.

    What is read must not choose what is imported, since importing executes. Raises ResultStorageError for a class of a
    module that is here and was not imported.
    """
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        found = _module(".".join(parts[:cut]))
        for part in parts[cut:]:
            found = getattr(found, "__dict__", {}).get(part)
        if found is not None:
            return found if isinstance(found, type) else None
    missing = next((path for path in _prefixes(parts[:-1]) if path not in sys.modules), None)
    if missing is not None and _is_installed(missing):
        raise ResultStorageError(
            f"The value is a {name}, whose module was not imported here: import it before the value is read, or add it "
            "to ORCHESTRATOR_RESULTS_JSON_MODULES"
        )
    return None


def _prefixes(parts: list[str]) -> list[str]:
    """`a`, `a.b`, `a.b.c`."""
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _module(path: str) -> Any:
    found = sys.modules.get(path)
    if found is None and path in _may_be_imported():
        try:
            return import_module(path)
        except ImportError as error:
            raise ResultStorageError(f"{path}, named by ORCHESTRATOR_RESULTS_JSON_MODULES: {error}") from error
    return found


def _may_be_imported() -> set[str]:
    from orchestrator.sdk.configuration.settings import value_of

    return {each.strip() for each in (value_of("ORCHESTRATOR_RESULTS_JSON_MODULES") or "").split(",")}


def _is_installed(path: str) -> bool:
    """Whether there is such a module. What it stands in was imported already, so looking executes nothing."""
    try:
        return find_spec(path) is not None
    except (ImportError, ValueError):
        return False


def _forms() -> dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]:
    import base64
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal
    from pathlib import Path
    from uuid import UUID

    return {
        "datetime.datetime": (datetime.isoformat, datetime.fromisoformat),
        "datetime.date": (date.isoformat, date.fromisoformat),
        "datetime.time": (time.isoformat, time.fromisoformat),
        "datetime.timedelta": (
            lambda value: [value.days, value.seconds, value.microseconds],
            lambda parts: timedelta(parts[0], parts[1], parts[2]),
        ),
        "decimal.Decimal": (str, Decimal),
        "uuid.UUID": (str, UUID),
        "pathlib.Path": (str, Path),
        "builtins.bytes": (lambda value: base64.b64encode(value).decode(), base64.b64decode),
        "builtins.set": (list, set),
        "builtins.frozenset": (list, frozenset),
        "builtins.complex": (lambda value: [value.real, value.imag], lambda parts: complex(*parts)),
    }


_FORMS = _forms()
