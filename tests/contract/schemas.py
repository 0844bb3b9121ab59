"""JSON schemas in one form, whatever wrote them: references are resolved, and what tells a machine nothing is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LIMITS = (
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
)
_KINDS_OF_LIMITS = {
    "string": ("minLength", "maxLength", "pattern"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems"),
}


@dataclass(frozen=True)
class Property:
    schema: Any
    required: bool
    default: Any


NO_DEFAULT = object()


@dataclass
class Type:
    """One alternative of a value: its name as people say it, and what is inside."""

    name: str
    limits: dict[str, Any] = field(default_factory=dict)
    choices: tuple[Any, ...] | None = None
    properties: dict[str, Property] | None = None
    extra: Any = None  # the schema of other keys: False for none, None for any
    items: Any = None
    positions: list[Any] | None = None
    reference: str | None = None  # where it came from, to notice recursion

    @property
    def said(self) -> str:
        if self.choices is not None:
            return f"one of {', '.join(map(str, self.choices))}"
        return self.name


class Reader:
    """Reads the schemas of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document.get("components", {}).get("schemas", {})

    def types(self, schema: Any) -> list[Type]:
        """The alternatives of a value, in one order. Null is one of them, and `anything` stands for all."""
        found = self._merged(list(self._alternatives(schema, None)))
        return sorted(found, key=lambda one: (one.name, one.said, sorted(one.properties or ())))

    def _alternatives(self, schema: Any, reference: str | None) -> Any:
        if schema is True or schema is None:
            schema = {}
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            siblings = {key: value for key, value in schema.items() if key in LIMITS}
            for one in self._alternatives(self._components[name], name):
                one.limits.update(siblings)
                yield one
        elif any(key in schema for key in ("anyOf", "oneOf")):
            for part in schema.get("anyOf", schema.get("oneOf")):
                yield from self._alternatives(part, reference)
        elif len(schema.get("allOf", ())) == 1:
            yield from self._alternatives(schema["allOf"][0], reference)
        elif "const" in schema:
            yield self._chosen([schema["const"]])
        elif "enum" in schema:
            yield self._chosen(schema["enum"])
        elif isinstance(schema.get("type"), list):
            for kind in schema["type"]:
                yield from self._alternatives({**schema, "type": kind}, reference)
        else:
            yield self._plain(schema, reference)

    def _chosen(self, choices: list[Any]) -> Type:
        kinds = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
        name = kinds[type(choices[0])] if choices else "string"
        return Type(name, choices=tuple(sorted(choices, key=str)))

    def _plain(self, schema: Mapping[str, Any], reference: str | None) -> Type:
        kind = schema.get("type", "object" if "properties" in schema else "anything")
        made = Type(kind, limits={key: _whole(schema[key]) for key in _KINDS_OF_LIMITS.get(kind, ()) if key in schema})
        made.reference = reference
        if kind == "string" and "format" in schema:
            made.name = f"string ({schema['format']})"
        if kind == "array":
            made.items = schema.get("items", {})
            made.positions = schema.get("prefixItems")
        if kind == "object":
            required = schema.get("required", ())
            extra = schema.get("additionalProperties")
            made.extra = None if extra is True else extra
            if "properties" in schema:
                made.properties = {
                    key: Property(inner, key in required, _default(inner))
                    for key, inner in schema["properties"].items()
                }
            elif isinstance(extra, Mapping):
                made.name = "map"
        return made

    def _merged(self, found: list[Type]) -> list[Type]:
        """Choices of one kind become one list of choices; what another alternative covers is dropped."""
        names = {one.name for one in found}
        if "anything" in names:
            return [Type("anything")]
        made: list[Type] = []
        for one in found:
            if (one.name == "integer" and "number" in names) or (one.name[:8] == "string (" and "string" in names):
                continue
            if one.name == "array" and any(other is not one and self._covers(other, one) for other in found):
                continue
            same = next((other for other in made if other.name == one.name and other.choices and one.choices), None)
            if same is not None:
                same.choices = tuple(sorted({*same.choices, *one.choices}, key=str))
            elif one not in made:
                made.append(one)
        return made

    def _covers(self, wide: Type, narrow: Type) -> bool:
        """Whether a list of numbers takes whatever a list of integers does."""
        return wide.name == "array" and (wide.items, narrow.items) == ({"type": "number"}, {"type": "integer"})


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _default(schema: Any) -> Any:
    return schema.get("default", NO_DEFAULT) if isinstance(schema, Mapping) else NO_DEFAULT
