"""Values held against a JSON schema, and what is wrong with them as a tree that follows their structure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from itertools import groupby
from types import NoneType
from typing import Any, Protocol

import regex
from jsonschema import Draft202012Validator, SchemaError, ValidationError, validators
from referencing import Registry
from referencing.exceptions import Unresolvable

from orchestrator.rest.schema_bounds import CHECK_SECONDS, KEYWORDS, TooLong, in_time, keywords_in_time

_PLACES = ""  # a keyword of our own, which every schema is taken to have
_REQUIRED = " is a required property"


class BadSchema(Exception):
    """The schema itself cannot be used. The message says why."""


class Placeholder(Protocol):
    """Stands in the place of a value. Whatever is no JSON is taken for one."""

    @property
    def error(self) -> str | None:
        """Why there cannot be a value, so that no schema is met; None when there will be one, so that every one is."""


def errors_in(values: Any, schema: Mapping[str, Any]) -> list[Any]:
    """What is wrong with values, of which some may be a Placeholder.

    Texts, `{"property": name, "errors": […]}` and `{"index": number, "errors": […]}`; nothing when they fit.
    The schema may be one of pydantic's first version. Nothing that it refers to is fetched. Raises BadSchema.
    """
    with usable_schema():
        usable = modern(schema)
        _Validator.check_schema(usable, format_checker=_Validator.FORMAT_CHECKER)
        validator = _Validator(usable, format_checker=_Validator.FORMAT_CHECKER, registry=Registry())
        found = list(validator.iter_errors(values))
    return _tree(found)


@contextmanager
def usable_schema() -> Iterator[None]:
    """Checks inside end in time, and raise BadSchema for whatever makes a schema unusable."""
    try:
        with in_time():
            yield
    except TooLong:
        raise BadSchema(f"Invalid schema: the check takes more than {CHECK_SECONDS:g} s.") from None
    except SchemaError as error:
        raise BadSchema(f"Invalid schema: {error.message}") from None
    except RecursionError:
        raise BadSchema("Invalid schema: Unable to validate schema with circular references.") from None
    except Unresolvable as error:
        raise BadSchema(f"Invalid schema: Validation failed. Failure reason: {error}") from None
    # What the library comes upon in schemas that only look like one, such as a reference to a number.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, regex.error) as error:
        raise BadSchema(f"Invalid schema: {error}") from None


def modern(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in the dialect of today.

    What older pydantic leaves out is put in: properties that need not be given may be null, tuples have `prefixItems`,
    and a block stands for itself or for a reference to it.
    """
    made = deepcopy(dict(schema))
    _modernise(made)
    definitions = made.get("definitions")
    if isinstance(definitions, dict):
        for definition in [one for one in definitions.values() if isinstance(one, dict)]:
            _modernise(definition)
            if "block_type_slug" in definition and "title" in definition:
                definitions[definition["title"]] = {"oneOf": [definition, _REFERENCE_TO_BLOCK]}
    return made


_REFERENCE_TO_BLOCK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "$ref": {
            "oneOf": [
                {"type": "string", "format": "uuid"},
                {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
            ]
        }
    },
    "required": ["$ref"],
}


def _modernise(schema: dict[str, Any]) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    required = schema.get("required", ())
    for name, inner in properties.items():
        if not isinstance(inner, dict):
            continue
        if name not in required and "default" not in inner and inner.get("type", "null") != "null":
            inner["anyOf"] = [{"type": inner.pop("type")}, {"type": "null"}]
        if isinstance(inner.get("items"), list) and inner["items"] and not inner.get("prefixItems"):
            inner["prefixItems"] = inner.pop("items")
        _modernise(inner)


def _refuse_misfits(validator: Any, _: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if _is_placeholder(instance) and instance.error is not None:
        yield ValidationError(instance.error)


def _is_placeholder(instance: Any) -> bool:
    return not isinstance(instance, (dict, list, str, int, float, NoneType))


def _keywords_and_places(schema: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return [*keywords_in_time(schema), (_PLACES, None)]


_Validator: Any = validators.create(
    meta_schema=Draft202012Validator.META_SCHEMA,
    validators={**KEYWORDS, _PLACES: _refuse_misfits},
    version="values",
    type_checker=Draft202012Validator.TYPE_CHECKER,
    format_checker=Draft202012Validator.FORMAT_CHECKER,
    id_of=Draft202012Validator.ID_OF,
    applicable_validators=_keywords_and_places,
)


def _tree(found: Sequence[ValidationError]) -> list[Any]:
    tree: list[Any] = []
    for error in _telling(found):
        path: list[Any] = list(error.relative_path)
        if error.validator == "required":  # said of the object, and meant for the property that it lacks
            path.append(_missing_property(error.message))
        _put(tree, path, error.message)
    return tree


def _telling(found: Sequence[ValidationError]) -> Iterator[ValidationError]:
    """Without those about placeholders, and of those about a misfit only what it says itself."""
    places: dict[tuple[Any, ...], int] = {}
    for error in found:
        places.setdefault(tuple(error.relative_path), len(places))
    in_places = sorted(found, key=lambda error: places[tuple(error.relative_path)])
    for _, group in groupby(in_places, key=lambda error: tuple(error.relative_path)):
        errors = list(group)
        misfits = [error for error in errors if error.validator == _PLACES]
        for error in misfits or errors:
            if not _is_placeholder(error.instance) or error.instance.error is not None:
                yield error


def _missing_property(message: str) -> str:
    return str(ast.literal_eval(message.removesuffix(_REQUIRED)))


def _put(tree: list[Any], path: list[Any], message: str) -> None:
    if not path:
        tree.append(message)
        return
    part, *rest = path
    key = "index" if isinstance(part, int) else "property"
    if not rest:
        tree.append({key: part, "errors": [message]})
        return
    for entry in tree:
        if isinstance(entry, dict) and entry.get(key) == part:
            break
    else:
        entry = {key: part, "errors": []}
        tree.append(entry)
    _put(entry["errors"], rest, message)
