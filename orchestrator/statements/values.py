"""Values of columns on their way to the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    FloatField,
    ForeignKey,
    JSONField,
    TextField,
    UUIDField,
)

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
        return _write_time_text if connection.vendor == "sqlite" else unchanged
    if isinstance(target, (TextField, CharField, BooleanField, FloatField)):
        return unchanged
    return lambda value: field.get_db_prep_save(value, connection)


def unchanged(value: Any) -> Any:
    """The writer of columns whose values are parameters as they are."""
    return value


def _write_time_text(value: datetime | None) -> str | None:
    """As Django writes it. Raises ValueError for a time without an offset."""
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("Times are aware.")
        value = value.astimezone(UTC)
    return value.isoformat(" ")[: -len("+00:00")]


def _write_json_text(value: Any) -> Any:
    return None if value is None else json_text(value)


def _json_of_postgresql() -> Convert:
    from psycopg.types.json import Jsonb

    return lambda value: None if value is None else Jsonb(value, dumps=json_text)
