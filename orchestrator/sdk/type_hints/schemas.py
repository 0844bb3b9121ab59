"""Type hints as JSON schemas."""

from __future__ import annotations

import dataclasses
import types
from collections import abc, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import count
from pathlib import PurePath
from re import Pattern
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict
from uuid import UUID

from orchestrator.sdk.type_hints.models import is_pydantics, schema_by_pydantic
from orchestrator.sdk.type_hints.reading import field_hints, inner_hint, required_keys
from orchestrator.sdk.values.json_values import to_json

_REFERENCE = "#/definitions/"
_SIMPLE: list[tuple[type, dict[str, Any]]] = [  # the first that is a base of the type counts
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (str, {"type": "string"}),
    (bytes, {"type": "string", "format": "binary"}),
    (datetime, {"type": "string", "format": "date-time"}),
    (date, {"type": "string", "format": "date"}),
    (time, {"type": "string", "format": "time"}),
    (timedelta, {"type": "string", "format": "duration"}),
    (UUID, {"type": "string", "format": "uuid"}),
    (PurePath, {"type": "string", "format": "path"}),
    (Decimal, {"anyOf": [{"type": "number"}, {"type": "string"}]}),
    (Pattern, {"type": "string", "format": "regex"}),
]
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
_ROWS = (list, set, frozenset, deque)
_ABSTRACT_ROWS = (abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable, abc.Set, abc.MutableSet)
_SETS = (set, frozenset, abc.Set, abc.MutableSet)


class Definitions:
    """Makes schemas, and collects what they refer to: `found`, by name, for `#/definitions/<name>`."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self._names: dict[Any, str] = {}

    def schema(self, hint: Any) -> dict[str, Any]:
        """Empty when the hint allows every value, or says nothing to JSON."""
        if hint is None or hint is type(None):
            return {"type": "null"}
        if is_pydantics(hint):
            return self._of_pydantic(hint)
        inner = inner_hint(hint)
        if inner is not None:
            return self.schema(inner)
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.schema(each) for each in arguments]}
        if origin is Literal:
            return _enumeration([to_json(each) for each in arguments])
        kind = origin or hint
        return self._of_class(kind, arguments) if isinstance(kind, type) else {}

    def _of_class(self, kind: type, arguments: tuple[Any, ...]) -> dict[str, Any]:
        if issubclass(kind, Enum):
            return self._reference(kind, lambda: _of_enum(kind))
        if is_typeddict(kind):
            return self._reference(kind, lambda: self._of_fields(kind, required=sorted(required_keys(kind))))
        if dataclasses.is_dataclass(kind):
            return self._reference(kind, lambda: self._of_dataclass(kind))
        if issubclass(kind, tuple):
            return self._of_tuple(kind, arguments)
        for simple, schema in _SIMPLE:
            if issubclass(kind, simple):
                return {**schema}
        if kind in _ABSTRACT_ROWS or issubclass(kind, _ROWS):
            row: dict[str, Any] = {"type": "array", "items": self.schema(arguments[0]) if arguments else {}}
            return row | ({"uniqueItems": True} if issubclass(kind, _SETS) or kind in _SETS else {})
        if issubclass(kind, dict) or kind in (abc.Mapping, abc.MutableMapping):
            values = self.schema(arguments[1]) if len(arguments) == 2 else {}
            return {"type": "object", "additionalProperties": values or True}
        return {}

    def _of_tuple(self, kind: type, arguments: tuple[Any, ...]) -> dict[str, Any]:
        fields = getattr(kind, "_fields", None)
        if fields is not None:
            hints = field_hints(kind)
            arguments = tuple(hints.get(name, Any) for name in fields)
        if not arguments:
            return {"type": "array", "items": {}}
        if arguments[-1] is ...:
            return {"type": "array", "items": self.schema(arguments[0])}
        items = [self.schema(each) for each in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}

    def _of_dataclass(self, kind: Any) -> dict[str, Any]:
        fields = [each for each in dataclasses.fields(kind) if each.init]
        missing = dataclasses.MISSING
        required = [each.name for each in fields if each.default is missing and each.default_factory is missing]
        defaults = {each.name: to_json(each.default) for each in fields if each.default is not missing}
        names = [each.name for each in fields]
        made_up = f"{kind.__name__}("  # the docstring that a dataclass without one gets
        return self._of_fields(kind, names=names, required=required, defaults=defaults, no_docstring=made_up)

    def _of_fields(
        self,
        kind: type,
        *,
        required: list[str],
        names: Iterable[str] | None = None,
        defaults: dict[str, Any] | None = None,
        no_docstring: str = "dict(",
    ) -> dict[str, Any]:
        hints = field_hints(kind)
        properties = {}
        for name in names if names is not None else hints:
            schema = self.schema(hints.get(name, Any))
            title = {} if "$ref" in schema else {"title": name.replace("_", " ").title()}
            default = {"default": (defaults or {})[name]} if name in (defaults or {}) else {}
            properties[name] = {**title, **schema, **default}
        described: dict[str, Any] = {"title": kind.__name__, "type": "object", "properties": properties}
        if required:
            described["required"] = required
        docstring = kind.__doc__
        if docstring and not docstring.startswith(no_docstring):
            described["description"] = docstring.strip()
        return described

    def _of_pydantic(self, hint: Any) -> dict[str, Any]:
        try:
            schema = schema_by_pydantic(hint, _REFERENCE + "{model}")
        except Exception:  # noqa: BLE001 - what cannot be described allows every value; the run looks at it again
            return {}
        definitions = schema.pop("$defs", {})
        if "properties" not in schema or not isinstance(hint, type):
            return self._with_definitions(schema, definitions)
        name = hint.__name__ if hint.__name__ not in definitions else _whole_name(hint)
        return self._with_definitions({"$ref": f"{_REFERENCE}{name}"}, {**definitions, name: schema})

    def _with_definitions(self, schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
        """Take over what pydantic has defined, under other names where other classes have these. Returns the schema
        with those names."""
        names = {name: name for name in definitions}
        numbers = dict.fromkeys(definitions, 1)
        settled = False
        while not settled:  # a definition that gets another name changes those that refer to it
            settled = True
            for name, definition in definitions.items():
                there = self.found.get(names[name])
                if there is not None and there != _renamed(definition, names):
                    numbers[name] += 1
                    names[name] = f"{name}-{numbers[name]}"
                    settled = False
        for name, definition in definitions.items():
            self.found[names[name]] = _renamed(definition, names)
        renamed: dict[str, Any] = _renamed(schema, names)
        return renamed

    def _reference(self, kind: Any, describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Noted before it is described: a class may refer to itself."""
        if kind not in self._names:
            name = kind.__name__
            if name in self.found:  # another class of the same name
                name = whole = _whole_name(kind)
                numbers = count(2)
                while name in self.found:  # and another one that the same function has made
                    name = f"{whole}-{next(numbers)}"
            self._names[kind] = name
            self.found[name] = {}
            self.found[name] = describe()
        return {"$ref": f"{_REFERENCE}{self._names[kind]}"}


def _whole_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".replace("<", "").replace(">", "")


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """The schema with references to the definitions as they are called now."""
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, str) and value.startswith(_REFERENCE):
        name = value.removeprefix(_REFERENCE)
        return f"{_REFERENCE}{names.get(name, name)}"
    return value


def _of_enum(kind: type[Enum]) -> dict[str, Any]:
    described: dict[str, Any] = {"title": kind.__name__, **_enumeration([to_json(each.value) for each in kind])}
    docstring = kind.__dict__.get("__doc__")
    if docstring and docstring != "An enumeration.":
        described["description"] = docstring.strip()
    return described


def _enumeration(values: list[Any]) -> dict[str, Any]:
    allowed: dict[str, Any] = {"const": values[0]} if len(values) == 1 else {"enum": values}
    kinds = {_JSON_TYPES.get(type(value)) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else None
    return allowed | ({"type": kind} if kind else {})
