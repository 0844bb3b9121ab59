"""Secrets among values: pages get stars, and stars that come back mean what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.pages.schema_forms import names
from orchestrator.pages.schema_forms.checks import branch_of
from orchestrator.pages.schema_forms.shapes import Kind, Shape, Shapes
from orchestrator.pages.schema_forms.values import ABSENT, same

MASK = "********"


def with_masks(schema: Mapping[str, Any], values: Any, kept: Any = None) -> Any:
    """A copy with stars in the place of each secret. With `kept`, another one than it has becomes an empty text."""
    shapes = Shapes(schema)
    return _changed(shapes, _whole(shapes), values, values if kept is None else kept, masks=True)


def with_kept(schema: Mapping[str, Any], values: Any, kept: Any) -> Any:
    """A copy in which stars in the place of a secret are what `kept` has there; without that they go."""
    shapes = Shapes(schema)
    return _changed(shapes, _whole(shapes), values, kept, masks=False)


def _whole(shapes: Shapes) -> Shape:
    return shapes.of({**shapes.root, "type": "object"})


def _changed(shapes: Shapes, shape: Shape, value: Any, kept: Any, *, masks: bool) -> Any:
    if shape.kind is Kind.UNION:
        chosen = branch_of(shapes, shape, value)
        if chosen is None or chosen == names.NONE:
            return value
        shape = shape.branches[int(chosen)]
    if shape.kind is Kind.SECRET:
        if masks:
            stars = MASK if same(value, kept) else ""
            return stars if isinstance(value, str) and value else value
        return kept if value == MASK else value
    if isinstance(value, dict) and shape.kind in (Kind.OBJECT, Kind.TABLE):
        properties = shapes.properties(shape) if shape.kind is Kind.OBJECT else {}
        item = shapes.item(shape) if shape.kind is Kind.TABLE else None
        before = kept if isinstance(kept, dict) else {}
        made = {}
        for key, inner in value.items():
            part = properties.get(key, item)
            made[key] = inner if part is None else _changed(shapes, part, inner, before.get(key, ABSENT), masks=masks)
        return {key: inner for key, inner in made.items() if inner is not ABSENT}
    if isinstance(value, list) and shape.kind is Kind.LIST:
        item, old = shapes.item(shape), kept if isinstance(kept, list) else []
        found = [
            _changed(shapes, item, inner, old[at] if at < len(old) else ABSENT, masks=masks)
            for at, inner in enumerate(value)
        ]
        return [inner for inner in found if inner is not ABSENT]
    return value
