"""Values that stand in the address of a form, such as `?p.region=eu&p.db.port=5433`."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django.http import QueryDict

from orchestrator.pages.schema_forms.scalars import typed_value
from orchestrator.pages.schema_forms.shapes import Kind, Shape, Shapes

MOST_CHARACTERS = 10_000  # of one value


def values_in_link(schema: Any, query: QueryDict, prefix: str = "p") -> dict[str, Any]:
    """The values that the address gives, by property; what is inside of one stands in an object of its own.

    What the schema does not name is passed over: an address never says more than the form shows.
    """
    shapes = Shapes(schema)
    found: dict[str, Any] = {}
    whole = shapes.of({**schema, "type": "object"})
    for name, text in query.dict().items():
        if name.startswith(f"{prefix}.") and len(text) <= MOST_CHARACTERS:
            path = [unquote(part) for part in name.removeprefix(f"{prefix}.").split(".")]
            _put(shapes, whole, path, str(text), found)
    return found


def _put(shapes: Shapes, shape: Shape, path: list[str], text: str, found: dict[str, Any]) -> None:
    part, *rest = path
    named = shapes.properties(shape).get(part)
    if named is None:
        return
    if not rest:
        found[part] = typed_value(named, text)
        return
    if named.kind is Kind.UNION:
        named = next((branch for branch in named.branches if branch.kind is Kind.OBJECT), named)
    inner = found.setdefault(part, {})
    if named.kind is Kind.OBJECT and isinstance(inner, dict):
        _put(shapes, named, rest, text, inner)
