"""Checking values against a schema costs what its author likes: patterns and references can ask for years. Here it
ends in time, whatever the schema says."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time
from types import SimpleNamespace
from typing import Any

import regex
from jsonschema import Draft202012Validator, ValidationError, _keywords, _utils, validators

# Of the processor, for all values of one request against one schema. A machine that is busy makes no schema bad.
CHECK_SECONDS = 1.0


class TooLong(Exception):
    """The time is over."""


_until: ContextVar[float | None] = ContextVar("_until", default=None)


@contextmanager
def in_time() -> Iterator[None]:
    """Checks inside, all in this thread, have CHECK_SECONDS together. They raise TooLong."""
    token = _until.set(thread_time() + CHECK_SECONDS)
    try:
        yield
    finally:
        _until.reset(token)


def _seconds_left() -> float:
    until = _until.get()
    left = CHECK_SECONDS if until is None else until - thread_time()
    if left <= 0:
        raise TooLong
    return left


def keywords_in_time(schema: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The keywords of a part of a schema. Every step of a check passes here."""
    _seconds_left()
    return schema.items()


def _search(pattern: str, text: str) -> Any:
    try:
        return regex.search(pattern, text, timeout=_seconds_left())
    except TimeoutError:
        raise TooLong from None


# The library looks for patterns in four places of two modules. Those of the standard library cannot be interrupted,
# and hold up every other thread meanwhile.
_keywords.re = _utils.re = SimpleNamespace(search=_search)


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """As the library has it, without comparing each item with each other one."""
    if wanted and validator.is_type(instance, "array") and len({_key_of(item) for item in instance}) < len(instance):
        yield ValidationError(f"{instance!r} has non-unique elements")


def _key_of(value: Any) -> Hashable:
    """Equal for what JSON takes for equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, dict):
        return dict, frozenset((key, _key_of(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return list, tuple(map(_key_of, value))
    return isinstance(value, bool), value


KEYWORDS: dict[str, Any] = {**Draft202012Validator.VALIDATORS, "uniqueItems": _unique_items}

BoundedValidator: Any = validators.create(
    meta_schema=Draft202012Validator.META_SCHEMA,
    validators=KEYWORDS,
    type_checker=Draft202012Validator.TYPE_CHECKER,
    format_checker=Draft202012Validator.FORMAT_CHECKER,
    id_of=Draft202012Validator.ID_OF,
    applicable_validators=keywords_in_time,
)
