"""The parameters of a deployment: what its schema says of each, and what it is given unless a run says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.pages.schema_forms import with_masks


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """`source` says where the value comes from: `deployment`, `flow` for the function's default, empty for none."""

    name: str
    kind: str
    value: Any
    source: str
    is_required: bool
    description: str


def parameter_rows(schema: Mapping[str, Any] | None, values: Mapping[str, Any]) -> list[ParameterRow]:
    """In the order of the schema; those that only the deployment knows come last. Secrets are stars."""
    properties = _mapping((schema or {}).get("properties"))
    required = (schema or {}).get("required") or ()
    ordered = sorted(properties.items(), key=lambda entry: _position(entry[1]))
    usual = {name: one["default"] for name, one in properties.items() if "default" in _mapping(one)}
    values, usual = with_masks(schema, dict(values)), with_masks(schema, usual)
    rows = [_row(name, _mapping(definition), values, usual, name in required) for name, definition in ordered]
    rows += [_row(name, {}, values, usual, False) for name in values if name not in properties]
    return rows


def _row(
    name: str, definition: Mapping[str, Any], values: Mapping[str, Any], usual: Mapping[str, Any], is_required: bool
) -> ParameterRow:
    if name in values:
        value, source = values[name], "deployment"
    elif name in usual:
        value, source = usual[name], "flow"
    else:
        value, source = None, ""
    return ParameterRow(
        name=name,
        kind=_kind(definition),
        value=value,
        source=source,
        is_required=is_required and not source,
        description=str(definition.get("description") or ""),
    )


def _kind(definition: Mapping[str, Any]) -> str:
    """`integer`, `string, date-time`, `array of string`, `one of 3`, the name of a model."""
    if "$ref" in definition:
        return str(definition["$ref"]).rsplit("/", 1)[-1]
    if "enum" in definition:
        return f"one of {len(definition['enum'])}"
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(definition.get(key), list):
            return " or ".join(_kind(_mapping(one)) for one in definition[key])
    kind = definition.get("type")
    if kind == "array":
        return f"array of {_kind(_mapping(definition.get('items'))) or 'anything'}"
    words = " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind or "")
    return f"{words}, {definition['format']}" if "format" in definition else words


def _position(definition: Any) -> int:
    position = _mapping(definition).get("position")
    return position if isinstance(position, int) else 1_000


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
