"""The data of a block as JSON: with its secrets, for the server; saved blocks inside it as references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydantic

if TYPE_CHECKING:
    from orchestrator.sdk.blocks.core import Block

_ANYTHING: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(Any)


def data_of(block: Block, base: type) -> dict[str, Any]:
    """What is sent to be kept. Raises TypeError or ValueError for what cannot be written as JSON."""
    data = {}
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        key = field.serialization_alias or field.alias or name
        document_id = getattr(value, "_block_document_id", None) if isinstance(value, base) else None
        data[key] = (
            {"$ref": {"block_document_id": str(document_id)}} if document_id is not None else _revealed(value, base)
        )
    return data


def _revealed(value: Any, base: type) -> Any:
    if hasattr(value, "get_secret_value"):
        return _revealed(value.get_secret_value(), base)
    if isinstance(value, base):
        inner: Any = value
        return {"block_type_slug": type(inner).get_block_type_slug(), **_fields(inner, base)}
    if isinstance(value, pydantic.BaseModel):
        return _fields(value, base)
    if isinstance(value, dict):
        return {str(_revealed(key, base)): _revealed(item, base) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_revealed(item, base) for item in value]
    return _ANYTHING.dump_python(value, mode="json")


def _fields(model: pydantic.BaseModel, base: type) -> dict[str, Any]:
    fields = type(model).model_fields
    return {
        field.serialization_alias or field.alias or name: _revealed(getattr(model, name), base)
        for name, field in fields.items()
    }
