"""HTML put together of many small pieces, in a fraction of the time that Django's `format_html` takes for each."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString


def piece(pattern: str, *values: object) -> SafeString:
    """`pattern` with the values in the places of its `{}`; what is not safe as it is gets escaped."""
    return SafeString(pattern.format(*[value if type(value) is SafeString else _escaped(value) for value in values]))


def pieces(pattern: str, rows: Iterable[tuple[object, ...]]) -> SafeString:
    """The same for each row of values, one after the other."""
    return SafeString("".join([piece(pattern, *row) for row in rows]))


def _escaped(value: object) -> str:
    if type(value) is str:
        return escape(value)
    if hasattr(value, "__html__"):
        return str(value.__html__())
    return escape(str(value))
