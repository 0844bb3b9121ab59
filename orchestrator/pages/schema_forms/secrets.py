"""Secrets among values: pages get stars, and stars that come back mean what was there before.

A value is secret wherever anything that its schema may mean there calls it so: better one star too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.pages.schema_forms.shapes import Shapes
from orchestrator.pages.schema_forms.values import ABSENT, Unread, same

MASK = "********"
_BRANCHES = ("allOf", "anyOf", "oneOf")


def with_masks(schema: Mapping[str, Any] | None, values: Any, kept: Any = None) -> Any:
    """A copy with stars in the place of each secret. With `kept`, another one than it has becomes an empty text."""
    return part_with_masks(Shapes(schema or {}), schema, values, values if kept is None else kept)


def with_kept(schema: Mapping[str, Any] | None, values: Any, kept: Any) -> Any:
    """A copy in which stars in the place of a secret are what `kept` has there; without that they go."""
    return part_with_kept(Shapes(schema or {}), schema, values, kept)


def part_with_masks(shapes: Shapes, node: Any, value: Any, kept: Any) -> Any:
    """As `with_masks`, of a part of a schema."""
    return _changed(shapes, [node], value, kept, masks=True)


def part_with_kept(shapes: Shapes, node: Any, value: Any, kept: Any) -> Any:
    return _changed(shapes, [node], value, kept, masks=False)


def is_secret(shapes: Shapes, node: Any) -> bool:
    """The whole of it, not something inside."""
    return _says_secret(_meant(shapes, [node]))


def may_tell_secret(schema: Mapping[str, Any], path: Sequence[str]) -> bool:
    """Whether what stands at this path is secret, or stands in something secret, or may have something secret in it."""
    shapes = Shapes(schema)
    nodes: list[Any] = [schema]
    for key in path:
        meant = _meant(shapes, nodes)
        if _says_secret(meant):
            return True
        nodes = [*_of_key(meant, key), *(_of_place(meant, int(key)) if key.isdecimal() else ())]
    return _has_secret(shapes, nodes)


def without_secret_defaults(schema: Any) -> Any:
    """A schema with stars in the place of each default that is secret."""
    return _told(Shapes(schema if isinstance(schema, Mapping) else {}), schema)


def _changed(shapes: Shapes, nodes: Iterable[Any], value: Any, kept: Any, *, masks: bool) -> Any:
    meant = _meant(shapes, nodes)
    if _says_secret(meant):
        if not masks:
            return kept if value == MASK else value
        is_nothing = value is None or value is ABSENT or value == "" or isinstance(value, Unread)
        return value if is_nothing else MASK if same(value, kept) else ""
    if not meant:
        return value
    if isinstance(value, dict):
        before = kept if isinstance(kept, dict) else {}
        made = {
            key: _changed(shapes, _of_key(meant, key), inner, before.get(key, ABSENT), masks=masks)
            for key, inner in value.items()
        }
        return {key: inner for key, inner in made.items() if inner is not ABSENT}
    if isinstance(value, list):
        old = kept if isinstance(kept, list) else []
        found = [
            _changed(shapes, _of_place(meant, at), inner, old[at] if at < len(old) else ABSENT, masks=masks)
            for at, inner in enumerate(value)
        ]
        return [inner for inner in found if inner is not ABSENT]
    return value


def _meant(shapes: Shapes, nodes: Iterable[Any]) -> list[Mapping[str, Any]]:
    """The parts of the schema themselves, and all that they refer to or choose from."""
    waiting, seen, found = list(nodes), set(), []
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Mapping) or id(node) in seen:
            continue
        seen.add(id(node))
        found.append(node)
        if "$ref" in node:
            waiting.append(shapes.referred(node["$ref"]))
        for key in _BRANCHES:
            waiting.extend(node[key] if isinstance(node.get(key), list) else ())
    return found


def _says_secret(meant: Iterable[Mapping[str, Any]]) -> bool:
    return any(node.get("format") == "password" or node.get("writeOnly") is True for node in meant)


def _has_secret(shapes: Shapes, nodes: Iterable[Any]) -> bool:
    """The nodes themselves, or anything that their values may have inside."""
    waiting = list(nodes)
    seen: set[int] = set()
    while waiting:
        meant = [node for node in _meant(shapes, [waiting.pop()]) if id(node) not in seen]
        if _says_secret(meant):
            return True
        seen.update(map(id, meant))
        for node in meant:
            for inside in ("properties", "patternProperties"):
                waiting.extend(node[inside].values() if isinstance(node.get(inside), Mapping) else ())
            for inside in ("items", "prefixItems"):
                waiting.extend(node[inside] if isinstance(node.get(inside), list) else [node.get(inside)])
            waiting.append(node.get("additionalProperties"))
    return False


def _of_key(meant: Sequence[Mapping[str, Any]], key: str) -> list[Any]:
    found: list[Any] = []
    for node in meant:
        named, patterns = node.get("properties"), node.get("patternProperties")
        if isinstance(named, Mapping) and key in named:
            found.append(named[key])
            continue
        found.append(node.get("additionalProperties"))
        found.extend(patterns.values() if isinstance(patterns, Mapping) else ())
    return found


def _of_place(meant: Sequence[Mapping[str, Any]], at: int) -> list[Any]:
    found: list[Any] = []
    for node in meant:
        for items in (node.get("prefixItems"), node.get("items")):
            found.extend(items[at : at + 1] if isinstance(items, list) else [items])
    return found


def _told(shapes: Shapes, node: Any) -> Any:
    if isinstance(node, list):
        return [_told(shapes, one) for one in node]
    if not isinstance(node, Mapping):
        return node
    made = {key: _told(shapes, one) for key, one in node.items()}
    if "default" in node:
        made["default"] = part_with_masks(shapes, node, node["default"], node["default"])
    return made
