"""Values of columns on their way to the database, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
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
    IntegerField,
    JSONField,
    TextField,
    UUIDField,
)
from django.db.models.expressions import Col

Convert = Callable[[Any], Any]

_PLAIN = (TextField, CharField, BooleanField, FloatField, IntegerField, UUIDField, DateTimeField)
_EMPTY: dict[str, Callable[[], Any]] = {"{}": dict, "[]": list}  # as most columns of JSON are
_decode = json.JSONDecoder().decode


def json_text(value: Any) -> str:
    """JSON for a column, by the fast encoder where it can: it knows no integers beyond 64 bits."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, default=_in_json)


def writer_of(field: Field, connection: BaseDatabaseWrapper) -> Convert:
    """What turns a value of this column into a parameter of a statement."""
    target = _target(field)
    if isinstance(target, JSONField) and target.encoder is None:
        return _write_json_text
    if connection.vendor == "postgresql" and isinstance(target, _PLAIN):
        return _write_text
    if isinstance(target, UUIDField):
        return lambda value: value.hex if isinstance(value, UUID) else field.get_db_prep_save(value, connection)
    if isinstance(target, DateTimeField):
        return _write_time_text
    if isinstance(target, _PLAIN) and not isinstance(target, IntegerField):
        return unchanged
    return lambda value: value if type(value) is int else field.get_db_prep_save(value, connection)


def goes_as_json(field: Field) -> bool:
    """Whether a value of this column can be part of a row that travels to PostgreSQL as JSON."""
    target = _target(field)
    return isinstance(target, _PLAIN) or (isinstance(target, JSONField) and target.encoder is None)


def reader_of(expression: Any, converters: list[Any], connection: BaseDatabaseWrapper) -> Convert:
    """What turns that which the driver answers for a selected expression into the value that Django has for it.

    `converters` are Django's for it.
    """
    field = expression.output_field
    if connection.vendor == "sqlite" and connection.timezone is UTC and type(field) is DateTimeField:
        return _read_time
    if connection.vendor == "sqlite" and type(field) is UUIDField:
        return _read_uuid
    if type(field) is JSONField and field.decoder is None and isinstance(expression, Col):
        return _read_json

    def read(value: Any) -> Any:
        for convert in converters:
            value = convert(value, expression, connection)
        return value

    return read


def unchanged(value: Any) -> Any:
    """The writer of columns whose values are parameters as they are."""
    return value


def _target(field: Field) -> Any:
    return field.target_field if isinstance(field, ForeignKey) else field


def _write_time_text(value: datetime | None) -> str | None:
    """As Django writes it for SQLite. Raises ValueError for a time without an offset."""
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("Times are aware.")
        value = value.astimezone(UTC)
    return value.isoformat(" ")[: -len("+00:00")]


def _write_json_text(value: Any) -> Any:
    return None if value is None else json_text(value)


def _write_text(value: Any) -> str | None:
    """As PostgreSQL reads it, which finds out from the column what it is. With times and numbers as such, each mixture
    of them and of NULL would be a statement of its own to be prepared.
    """
    if value is None or type(value) is str:
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value.value if isinstance(value, Enum) else value)


def _read_time(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):  # the driver knows times by their columns alone
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _read_uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(int=int(value, 16))


def _read_json(value: str | None) -> Any:
    if value is None:
        return None
    empty = _EMPTY.get(value)
    return _decode(value) if empty is None else empty()


def _in_json(value: Any) -> str:
    """Those that the slow encoder does not know. Raises TypeError."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON.")
