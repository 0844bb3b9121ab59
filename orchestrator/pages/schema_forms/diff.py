"""What of a form is not as the defaults have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.pages.schema_forms.secrets import with_masks
from orchestrator.pages.schema_forms.shapes import Shapes
from orchestrator.pages.schema_forms.values import ABSENT, same, show_short


@dataclass(frozen=True, slots=True)
class Change:
    """`was` is empty where there is no default."""

    name: str
    was: str
    now: str


def changes(schema: Mapping[str, Any], values: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Change]:
    """The given values that differ from their defaults, in the order of the form, with secrets as stars.

    `defaults` overlay the schema's.
    """
    shapes = Shapes(schema)
    properties = shapes.properties(shapes.of({**schema, "type": "object"}))
    shown = with_masks(schema, dict(values))
    shown_defaults = with_masks(schema, dict(defaults))
    found = []
    for name in sorted(values, key=_place(properties)):
        value, shape = values[name], properties.get(name)
        usual = defaults.get(name, shape.default if shape else ABSENT)
        if not same(value, usual):
            was = "" if usual is ABSENT else show_short(shown_defaults.get(name, usual))
            found.append(Change(name, was, show_short(shown.get(name, value))))
    return found


def _place(properties: Mapping[str, Any]) -> Callable[[str], int]:
    """Those that the schema does not name come last, as they are."""
    places = {name: at for at, name in enumerate(properties)}
    return lambda name: places.get(name, len(places))
