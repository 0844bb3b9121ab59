"""Values of columns on their way to the database and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Field, ForeignKey, JSONField, UUIDField

Convert = Callable[[Any], Any]


def json_text(value: Any) -> str:
    """JSON for a column, by the fast encoder where it can: it knows no integers beyond 64 bits."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def writer_of(field: Field, connection: BaseDatabaseWrapper) -> Convert:
    """What turns a value of this column into a parameter of a statement."""
    target = field.target_field if isinstance(field, ForeignKey) else field
    if isinstance(target, JSONField) and target.encoder is None:
        return _write_json_text if connection.vendor == "sqlite" else _json_of_postgresql()
    if isinstance(target, UUIDField) and not connection.features.has_native_uuid_field:
        return lambda value: value.hex if isinstance(value, UUID) else field.get_db_prep_save(value, connection)
    if isinstance(target, DateTimeField):
        return connection.ops.adapt_datetimefield_value
    return lambda value: field.get_db_prep_save(value, connection)


def reader_of(field: Any, converters: list[Any]) -> list[Any]:
    """Django's converters of a column; JSON is read by the fast decoder."""
    if isinstance(field, JSONField) and field.decoder is None:
        return [_read_json]
    return converters


def _write_json_text(value: Any) -> Any:
    return None if value is None else json_text(value)


def _json_of_postgresql() -> Convert:
    from psycopg.types.json import Jsonb

    return lambda value: None if value is None else Jsonb(value, dumps=json_text)


def _read_json(value: Any, expression: Any, connection: Any) -> Any:
    return None if value is None else orjson.loads(value)
