"""What is wrong with values, found by the code that the API asks, by the place of each field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.pages.schema_forms import names
from orchestrator.pages.schema_forms.shapes import Kind, Shape, Shapes
from orchestrator.pages.schema_forms.values import ABSENT, Unread, same
from orchestrator.rest.value_schemas import BadSchema, errors_in

Path = tuple[str | int, ...]
Errors = dict[Path, list[str]]

_REQUIRED = "is a required property"
_NOTHING = "None is not of type"
_NO_BRANCH = ("is not valid under any of the given schemas", "is valid under each of")
_PYTHON_KINDS: dict[type, tuple[Kind, ...]] = {
    dict: (Kind.OBJECT, Kind.TABLE, Kind.BLOCK, Kind.JSON),
    list: (Kind.LIST, Kind.JSON),
    bool: (Kind.FLAG, Kind.JSON),
    int: (Kind.WHOLE, Kind.NUMBER, Kind.JSON),
    float: (Kind.NUMBER, Kind.WHOLE, Kind.JSON),
    str: (Kind.TEXT, Kind.SECRET, Kind.DAY, Kind.MOMENT, Kind.CLOCK, Kind.JSON),
    Unread: (Kind.WHOLE, Kind.NUMBER, Kind.TEXT, Kind.JSON),
}


def errors_of(schema: Mapping[str, Any], values: Any, branches: Mapping[Path, str] | None = None) -> Errors:
    """Texts by path, such as `("tables", 0, "name")`; `()` is the whole. Nothing when the values fit.

    `branches` are those that somebody chose, by path; of other unions the one that fits best is meant.
    """
    found: Errors = {}
    try:
        _collect(errors_in(values, schema), (), found)
    except BadSchema as error:
        return {(): [str(error)]}
    shapes = Shapes(schema)
    refined: Errors = {}
    for path, texts in found.items():
        for text in texts:
            for place, better in _refined(shapes, path, text, values, branches or {}):
                if better not in refined.setdefault(place, []):
                    refined[place].append(better)
    return refined


def errors_of_unread(values: Any, path: Path = ()) -> Errors:
    """Those alone that are about texts which are no value of their field, where everything else will do."""
    if isinstance(values, Unread):
        return {path: [values.error]}
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return {place: texts for part, one in inner for place, texts in errors_of_unread(one, (*path, part)).items()}


def branch_of(shapes: Shapes, shape: Shape, value: Any) -> str | None:
    """The branch of a union that a value is of, by its number, or `none` for null; None when it is of no branch."""
    if value is None or value is ABSENT:
        return names.NONE if shape.nullable else "0" if value is ABSENT else None
    alike = [at for at, branch in enumerate(shape.branches) if _is_alike(branch, value)]
    if len(alike) > 1 and not isinstance(value, Unread):
        alike = [at for at in alike if _fits(shapes, shape.branches[at], value)] or alike
        alike.sort(key=lambda at: -_same_constants(shapes, shape.branches[at], value))
    return str(alike[0]) if alike else None


def _is_alike(branch: Shape, value: Any) -> bool:
    """Whether it looks like a value of the branch, right or wrong."""
    if branch.kind in (Kind.CHOICE, Kind.FIXED):
        return any(same(value, one) for one in branch.choices)
    return branch.kind in _PYTHON_KINDS.get(type(value), ())


def _fits(shapes: Shapes, branch: Shape, value: Any) -> bool:
    try:
        return not errors_in(value, shapes.whole(branch))
    except BadSchema:
        return False


def _same_constants(shapes: Shapes, branch: Shape, value: Any) -> int:
    """How many of the properties that name the branch have its value."""
    if branch.kind is not Kind.OBJECT or not isinstance(value, dict):
        return 0
    properties = shapes.properties(branch)
    return sum(
        one.kind is Kind.FIXED and name in value and value[name] == one.choices[0] for name, one in properties.items()
    )


def _collect(tree: list[Any], path: Path, found: Errors) -> None:
    for entry in tree:
        if isinstance(entry, dict):
            part = entry["index"] if "index" in entry else entry["property"]
            _collect(entry["errors"], (*path, part), found)
        else:
            found.setdefault(path, []).append(str(entry))


def _refined(
    shapes: Shapes, path: Path, text: str, values: Any, branches: Mapping[Path, str]
) -> list[tuple[Path, str]]:
    """The same error in plain words; of a union that fits nowhere, what is wrong with the branch that is meant."""
    if text.endswith(_REQUIRED) or text.startswith(_NOTHING):
        return [(path, "This is required.")]
    if not any(words in text for words in _NO_BRANCH):
        return [(path, text)]
    shape, value = _at(shapes, path, values)
    if shape is None or value is ABSENT:
        return [(path, text)]
    if shape.kind is Kind.UNION:
        chosen = branches.get(path) or branch_of(shapes, shape, value)
        if chosen is None or chosen == names.NONE:
            return [(path, text)]
        shape = shape.branches[int(chosen)]
    found: Errors = {}
    try:
        _collect(errors_in(value, shapes.whole(shape)), path, found)
    except BadSchema:
        return [(path, text)]
    better = [
        (place, "This is required." if one.endswith(_REQUIRED) else one)
        for place, ones in found.items()
        for one in ones
    ]
    return better or [(path, text)]


def _at(shapes: Shapes, path: Path, values: Any) -> tuple[Shape | None, Any]:
    """The part of the schema and the value at a place."""
    shape: Shape | None = shapes.of(shapes.root)
    value = values
    for part in path:
        if shape is not None and shape.kind is Kind.UNION:
            chosen = branch_of(shapes, shape, value)
            shape = shape.branches[int(chosen)] if chosen not in (None, names.NONE) else None
        if shape is None:
            return None, ABSENT
        if isinstance(value, dict) and part in value:
            named = shapes.properties(shape).get(str(part)) if shape.kind is Kind.OBJECT else None
            shape = named or (shapes.item(shape) if shape.kind is Kind.TABLE else None)
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value) and shape.kind is Kind.LIST:
            shape, value = shapes.item(shape), value[part]
        else:
            return None, ABSENT
    return shape, value
