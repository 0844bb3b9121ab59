"""The parameters of a flow as a JSON schema, from its signature."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from orchestrator.sdk.json_values import to_json

_BY_NAME: dict[str, dict[str, Any]] = {
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timedelta": {"type": "string", "format": "duration"},
    "UUID": {"type": "string", "format": "uuid"},
    "Path": {"type": "string", "format": "path"},
    "Decimal": {"anyOf": [{"type": "number"}, {"type": "string"}]},
}


def parameter_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """What `parameter_openapi_schema` of a deployment holds. Annotations that say nothing to JSON allow every value."""
    import inspect

    try:
        hints = get_type_hints(function)
    except Exception:  # noqa: BLE001 - a hint may refer to anything, also to what is imported for type checkers only
        hints = {}
    properties: dict[str, Any] = {}
    required = []
    takes_any_name = False
    for position, (name, parameter) in enumerate(inspect.signature(function).parameters.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            takes_any_name = takes_any_name or parameter.kind is parameter.VAR_KEYWORD
            continue
        described: dict[str, Any] = {"position": position, "title": name, **_for_type(hints.get(name, Any))}
        if parameter.default is parameter.empty:
            required.append(name)
        else:
            described["default"] = to_json(parameter.default)
        properties[name] = described
    schema: dict[str, Any] = {"title": "Parameters", "type": "object", "properties": properties}
    if required:
        schema["required"] = required
    if not takes_any_name:
        schema["additionalProperties"] = False  # so a misspelt name is refused at once, not when the run begins
    return schema


def _for_type(hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is type(None):
        return {"type": "null"}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_for_type(each) for each in arguments]}
    if origin is Literal:
        return {"enum": [to_json(each) for each in arguments]}
    kind = origin or hint
    if not isinstance(kind, type):
        return {}
    if kind in _SIMPLE:
        return {"type": _SIMPLE[kind]}
    if issubclass(kind, (list, tuple, set, frozenset)) or kind.__name__ in ("Sequence", "Iterable", "Collection"):
        return _for_array(kind, arguments)
    if issubclass(kind, dict) or kind.__name__ == "Mapping":
        values = _for_type(arguments[1]) if len(arguments) == 2 else {}
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    if hasattr(kind, "__members__"):
        return {"enum": [to_json(member.value) for member in kind.__members__.values()]}
    return {**_BY_NAME.get(kind.__name__, {})}


_SIMPLE: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}


def _for_array(kind: type, arguments: tuple[Any, ...]) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "array"}
    if issubclass(kind, tuple) and arguments and arguments[-1] is not Ellipsis:
        described["prefixItems"] = [_for_type(each) for each in arguments]
        described["minItems"] = described["maxItems"] = len(arguments)
    elif arguments:
        items = _for_type(arguments[0])
        described |= {"items": items} if items else {}
    if issubclass(kind, (set, frozenset)):
        described["uniqueItems"] = True
    return described
