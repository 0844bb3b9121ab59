"""The schema of a block: its fields as the API keeps them.

It is what Prefect's clients compute for the same class, byte for byte, so that they can share documents.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import pydantic

from orchestrator.contract.block_checksums import without

if TYPE_CHECKING:
    from orchestrator.sdk.blocks.core import Block


class SecretDict(pydantic.Secret[dict[str, Any]]):
    """A dictionary whose values are secret; its keys are not."""


def parts_of(annotation: Any) -> tuple[Any, ...]:
    """What a union or a container is made of; nothing for other types."""
    origin = get_origin(annotation)
    if origin is Union or origin is types.UnionType:
        return get_args(annotation)
    if isinstance(origin, type) and issubclass(origin, collections.abc.Iterable):
        found = get_args(annotation)
        return found[:1] if issubclass(origin, collections.abc.Generator) else found
    return ()


def is_class_of(annotation: Any, base: type) -> bool:
    """Like issubclass, for annotations of every kind."""
    return inspect.isclass(annotation) and get_origin(annotation) is None and issubclass(annotation, base)


def secret_paths(model: type[pydantic.BaseModel], prefix: str = "") -> list[str]:
    """Where secrets are: `token`, `inner.password`, `credentials.*` for all values of a dictionary."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        if field.annotation is not None:
            found += _secret_paths_of(f"{prefix}{name}", field.annotation)
    return found


def _secret_paths_of(name: str, annotation: Any) -> list[str]:
    inner = parts_of(annotation)
    if inner:
        return [path for part in inner for path in _secret_paths_of(name, part)]
    if is_class_of(annotation, pydantic.BaseModel):
        return secret_paths(annotation, f"{name}.")
    if is_class_of(annotation, SecretDict):
        return [f"{name}.*"]
    if annotation in (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret):
        return [name]
    return [name] if get_origin(annotation) is pydantic.Secret else []


def nested_blocks(annotation: Any, block: type) -> Iterator[type[Block]]:
    """The block classes that an annotation names, at any depth of unions and containers."""
    if is_class_of(annotation, block):
        yield annotation
    for part in parts_of(annotation):
        yield from nested_blocks(part, block)


def references(model: type[Block], block: type) -> dict[str, Any]:
    """The blocks inside a block, by field: one, or a list where several types are possible."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        each = [
            {"block_type_slug": nested.get_block_type_slug(), "block_schema_checksum": nested.checksum()}
            for nested in nested_blocks(field.annotation, block)
        ]
        if each:
            found[name] = each[0] if len(each) == 1 else each
    return found


def as_block_schema(schema: dict[str, Any], model: type[Block], block: type, *, by_alias: bool) -> dict[str, Any]:
    """Pydantic's schema of a block class, as the API keeps it."""
    if "$defs" in schema:
        schema["definitions"] = schema.pop("$defs")
    made: dict[str, Any] = without(schema, {"additionalProperties"})
    _number_fields(made, model, by_alias=by_alias)
    classes = {nested.__name__: nested for nested in _all_nested(model, block)}
    for name, definition in made.get("definitions", {}).items():
        if name in classes:
            _number_fields(definition, classes[name], by_alias=by_alias)
    return made


def _number_fields(schema: dict[str, Any], model: type[Block], *, by_alias: bool) -> None:
    for position, (name, field) in enumerate(model.model_fields.items()):
        key = field.alias or name if by_alias else name
        if key in schema.get("properties", {}):
            schema["properties"][key]["position"] = position


def _all_nested(model: type[Block], block: type) -> list[type[Block]]:
    found: list[type[Block]] = []
    waiting = [model]
    while waiting:
        for field in waiting.pop().model_fields.values():
            new = [nested for nested in nested_blocks(field.annotation, block) if nested not in found]
            found += new
            waiting += new
    return found
