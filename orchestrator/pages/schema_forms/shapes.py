"""What kind of field a part of a schema is: references followed, null taken out of unions, the rest left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from orchestrator.pages.schema_forms.values import ABSENT

MOST_REFERENCES = 20  # that lead to one another
SCALARS = ("string", "integer", "number", "boolean")


class Kind(StrEnum):
    TEXT = "text"
    SECRET = "secret"
    DAY = "day"
    MOMENT = "moment"  # a day and a time, with its zone
    CLOCK = "clock"  # a time of day, with its zone
    WHOLE = "whole"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    FIXED = "fixed"
    BLOCK = "block"
    OBJECT = "object"
    LIST = "list"
    TABLE = "table"  # an object of any keys, whose values are of one kind
    UNION = "union"
    JSON = "json"  # everything else


STRINGS = {"date": Kind.DAY, "date-time": Kind.MOMENT, "time": Kind.CLOCK, "password": Kind.SECRET}


@dataclass(frozen=True, slots=True)
class Shape:
    """A part of a schema, as a form shows it. `default` is ABSENT where there is none."""

    kind: Kind
    schema: Mapping[str, Any]
    nullable: bool = False
    default: Any = ABSENT
    choices: tuple[Any, ...] = ()  # of a CHOICE, and the one value of FIXED
    branches: tuple[Shape, ...] = field(default=())  # of a UNION

    @property
    def title(self) -> str:
        return str(self.schema.get("title") or "")

    @property
    def description(self) -> str:
        return str(self.schema.get("description") or "")

    @property
    def blank(self) -> Any:
        """What an untouched field of an absent value reads as."""
        if self.default is not ABSENT:
            return self.default
        if self.nullable:
            return None
        return _BLANKS.get(self.kind, ABSENT)


_BLANKS: dict[Kind, Any] = {Kind.TEXT: "", Kind.SECRET: "", Kind.OBJECT: {}, Kind.TABLE: {}, Kind.LIST: []}


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of one schema, whose definitions references look into."""

    root: Mapping[str, Any]

    def of(self, node: Any) -> Shape:
        node, nullable = self._plain(node)
        default = node.get("default", ABSENT)
        make = {"nullable": nullable, "default": default}
        if "const" in node:
            return Shape(Kind.FIXED, node, choices=(node["const"],), **make)
        if isinstance(node.get("enum"), list) and node["enum"]:
            return self._choice(node, node["enum"], make)
        options = node.get("anyOf") or node.get("oneOf")
        if isinstance(options, list) and len(options) > 1:
            return self._union(node, options, make)
        return self._by_type(node, make)

    def properties(self, shape: Shape) -> dict[str, Shape]:
        """Of an object, in the order of its author."""
        found = shape.schema.get("properties")
        named = [(name, one) for name, one in found.items() if one is not False] if isinstance(found, dict) else []
        return {name: self.of(one) for name, one in sorted(named, key=_place)}

    def is_lines(self, shape: Shape) -> bool:
        """Whether a list can be written with one item on each line."""
        item = self.item(shape)
        return item.kind in (Kind.TEXT, Kind.WHOLE, Kind.NUMBER) and not item.nullable

    def item(self, shape: Shape) -> Shape:
        """Of each row of a list or a table."""
        return self.of(shape.schema.get("items" if shape.kind is Kind.LIST else "additionalProperties"))

    def whole(self, shape: Shape) -> dict[str, Any]:
        """The schema of a part alone, with what it may refer to."""
        definitions = {key: self.root[key] for key in ("definitions", "$defs") if key in self.root}
        return {**shape.schema, **definitions}

    def _by_type(self, node: Mapping[str, Any], make: dict[str, Any]) -> Shape:
        """What may be null and has fields of its own is a union of the two: so nothing is typed in vain."""
        shape = Shape(_kind_of(node), node, **make)
        if not shape.nullable or not (
            shape.kind in (Kind.OBJECT, Kind.TABLE) or (shape.kind is Kind.LIST and not self.is_lines(shape))
        ):
            return shape
        return Shape(Kind.UNION, node, branches=(Shape(shape.kind, node),), **make)

    def _choice(self, node: Mapping[str, Any], values: list[Any], make: dict[str, Any]) -> Shape:
        if None in values:
            make = {**make, "nullable": True}
        choices = tuple(value for value in values if value is not None)
        return Shape(Kind.CHOICE if choices else Kind.JSON, node, choices=choices, **make)

    def _union(self, node: Mapping[str, Any], options: list[Any], make: dict[str, Any]) -> Shape:
        found = [self.of(option) for option in options]
        make = {**make, "nullable": make["nullable"] or any(branch.nullable for branch in found)}
        branches = tuple(
            replace(branch, nullable=False, default=ABSENT)
            for one in found
            for branch in (one.branches if one.kind is Kind.UNION else (one,))
        )
        if any(branch.kind is Kind.SECRET for branch in branches):  # then no text is known not to be one
            branches = tuple(branch for branch in branches if branch.kind is not Kind.TEXT)
            if len(branches) == 1:
                return Shape(Kind.SECRET, node, **make)
        if all(branch.kind in (Kind.CHOICE, Kind.FIXED) for branch in branches):
            choices = tuple(value for branch in branches for value in branch.choices)
            return Shape(Kind.CHOICE, node, choices=choices, **make)
        return Shape(Kind.UNION, node, branches=branches, **make)

    def _plain(self, node: Any) -> tuple[dict[str, Any], bool]:
        """Without references, and without null among its types; and whether it may be null."""
        found = dict(node) if isinstance(node, Mapping) else {}
        nullable = False
        for _ in range(MOST_REFERENCES):
            if "$ref" in found:
                found = {**self.referred(found["$ref"]), **_without(found, "$ref")}
            elif isinstance(found.get("allOf"), list) and len(found["allOf"]) == 1:
                found = _merged(found, "allOf", found["allOf"][0])
            elif options := _options(found):
                key, wanted = options
                left = [one for one in wanted if not _is_null(one)]
                nullable = nullable or len(left) < len(wanted)
                if len(left) != 1:
                    return {**_without(found, key), key: left} if left else found, nullable
                found = _merged(found, key, left[0])
            else:
                break
        kinds = found.get("type")
        if isinstance(kinds, list):
            left = [kind for kind in kinds if kind != "null"]
            nullable = nullable or len(left) < len(kinds)
            found = _without(found, "type")
            if len(left) == 1:
                found["type"] = left[0]
            elif left and "enum" not in found:
                found["anyOf"] = [{"type": kind} for kind in left]
        return found, nullable

    def referred(self, pointer: Any) -> Mapping[str, Any]:
        """The part of the schema itself that a reference names; empty when there is none."""
        if not isinstance(pointer, str) or not pointer.startswith("#/"):
            return {}
        found: Any = self.root
        for part in pointer[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}


def _kind_of(node: Mapping[str, Any]) -> Kind:
    kind = node.get("type")
    if "block_type_slug" in node:
        return Kind.BLOCK
    if "allOf" in node:
        return Kind.JSON
    if kind == "string":
        usual = Kind.SECRET if node.get("writeOnly") else Kind.TEXT
        return STRINGS.get(str(node.get("format")), usual)
    if kind in ("integer", "number", "boolean"):
        return {"integer": Kind.WHOLE, "number": Kind.NUMBER}.get(kind, Kind.FLAG)
    if kind == "array" or (kind is None and "items" in node):
        return Kind.LIST if isinstance(node.get("items"), Mapping) and not node.get("prefixItems") else Kind.JSON
    if kind == "object" or (kind is None and "properties" in node):
        if node.get("properties"):
            return Kind.OBJECT
        values = node.get("additionalProperties")
        return Kind.TABLE if isinstance(values, Mapping) and values else Kind.JSON
    return Kind.JSON


def _options(node: Mapping[str, Any]) -> tuple[str, list[Any]] | None:
    """The alternatives of a union with one branch left to look into, or with null among them."""
    for key in ("anyOf", "oneOf"):
        wanted = node.get(key)
        if isinstance(wanted, list) and wanted and (len(wanted) == 1 or any(map(_is_null, wanted))):
            return key, wanted
    return None


def _is_null(node: Any) -> bool:
    return isinstance(node, Mapping) and (node.get("type") == "null" or node.get("enum") == [None])


def _merged(outer: Mapping[str, Any], key: str, inner: Any) -> dict[str, Any]:
    """What stands outside, such as title and default, counts more than what the one branch says."""
    return {**(inner if isinstance(inner, Mapping) else {}), **_without(outer, key)}


def _without(node: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name != key}


def _place(named: tuple[str, Any]) -> float:
    place = named[1].get("position") if isinstance(named[1], Mapping) else None
    return place if isinstance(place, (int, float)) else float("inf")
