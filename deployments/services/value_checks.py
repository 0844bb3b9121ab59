"""Parameters and job variables held against the JSON schemas that deployments and pools bring along."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from jsonschema import ValidationError
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from orchestrator.rest.schema_bounds import BoundedValidator
from orchestrator.rest.value_schemas import BadSchema, modern, usable_schema

# Schemas that were found usable, as text: the check of a schema costs tenfold what that of values against it does, and
# every run of a deployment needs both.
KEPT_SCHEMAS = 256
MOST_KEPT_BYTES = 50_000  # of one


def misfit(
    values: Any, schema: Mapping[str, Any], *, partial: bool = False, null_for_default: bool = False
) -> str | None:
    """What is wrong with the values, in a sentence that names the field; None when they fit.

    `partial`: what is required may be missing. `null_for_default`: null stands for a property's default. Nothing that
    the schema refers to is fetched. Raises BadSchema.
    """
    error = _first_error(_prepared(schema, partial=partial, null_for_default=null_for_default), values)
    if error is None:
        return None
    field = f" for field {error.json_path.replace('$.', '')!r}" if error.json_path != "$" else ""
    return f"Validation failed{field}. Failure reason: {error.message}"


def plain_misfit(values: Any, schema: Mapping[str, Any]) -> str | None:
    """The bare reason alone, whatever the field; what is required may be missing. Raises BadSchema."""
    error = _first_error(_prepared(schema, partial=True, null_for_default=False), values)
    return None if error is None else error.message


def check_schema(schema: Any) -> None:
    """Raises BadSchema when it is none."""
    with usable_schema():
        text = _text(schema)
        (_check if len(text) <= MOST_KEPT_BYTES else _check.__wrapped__)(text)


def first_error(schema: Mapping[str, Any], values: Any) -> ValidationError | None:
    """The error that tells most. Raises BadSchema."""
    check_schema(schema)
    return _first_error(schema, values)


def _first_error(schema: Mapping[str, Any], values: Any) -> ValidationError | None:
    """The same for a schema that was checked."""
    with usable_schema():
        try:
            return best_match(BoundedValidator(schema, registry=Registry()).iter_errors(values))
        except Unresolvable as error:
            raise BadSchema(f"Validation failed. Failure reason: {error}") from None


def without_required(schema: Any) -> Any:
    """A copy that demands no property, at any depth."""
    if isinstance(schema, list):
        return [without_required(part) for part in schema]
    if isinstance(schema, dict):
        return {key: without_required(part) for key, part in schema.items() if key != "required"}
    return schema


def _prepared(schema: Mapping[str, Any], *, partial: bool, null_for_default: bool) -> Mapping[str, Any]:
    """The schema to hold values against, which is not to be changed. Raises BadSchema."""
    with usable_schema():
        text = _text(schema)
        prepare = _prepare if len(text) <= MOST_KEPT_BYTES else _prepare.__wrapped__
        return prepare(text, partial, null_for_default)


def _text(schema: Any) -> bytes:
    try:
        return orjson.dumps(schema)
    except TypeError:  # numbers of more than 64 bits
        return json.dumps(schema).encode()


@lru_cache(KEPT_SCHEMAS)
def _check(text: bytes) -> None:
    BoundedValidator.check_schema(json.loads(text))


@lru_cache(KEPT_SCHEMAS)
def _prepare(text: bytes, partial: bool, null_for_default: bool) -> Mapping[str, Any]:
    usable = modern(json.loads(text))
    if null_for_default:
        _allow_null_for_defaults(usable)
    usable = without_required(usable) if partial else usable
    BoundedValidator.check_schema(usable)
    return usable


def _allow_null_for_defaults(schema: dict[str, Any]) -> None:
    for name, inner in (schema.get("properties") or {}).items():
        if not isinstance(inner, dict):
            continue
        if name not in schema.get("required", ()) and "default" in inner and inner.get("type", "null") != "null":
            inner["anyOf"] = [{"type": inner.pop("type")}, {"type": "null"}]
        _allow_null_for_defaults(inner)
