"""Lists that stay quick however long they are: a page begins at a place, not at a number of rows to skip.

The address says `?sort=-started&size=50` and, from the second page on, `?older=<place>` or `?newer=<place>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

from orchestrator.contract.times import format_time, parse_time

SIZES = (25, 50, 100)
USUAL_SIZE = 50
PLACES = ("older", "newer")  # the query parameters that a changed filter or order drops


@dataclass(frozen=True, slots=True)
class Order:
    """A way to sort a list: its name in the address, and the column or annotation, which is never NULL."""

    name: str
    field: str
    word: str


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, and the places where the pages beside it begin; None where there is none."""

    rows: list[Any]
    newer: str | None
    older: str | None
    sort: str  # as the address says it, with a leading minus when it goes downwards
    size: int
    orders: tuple[Order, ...]

    @property
    def is_first(self) -> bool:
        return self.newer is None


def read_page(rows: QuerySet[Any], query: QueryDict, orders: Sequence[Order], *, usual: str, tie: str = "id") -> Page:
    """One page of `rows` as the address asks; what it asks for that does not exist is taken as not asked.

    `usual` is the order when the address names none, such as `-started`; `tie` a unique column that orders equals.
    One query.
    """
    by_name = {order.name: order for order in orders}
    sort = query.get("sort", usual)
    if sort.removeprefix("-") not in by_name:
        sort = usual
    order, downwards = by_name[sort.removeprefix("-")], sort.startswith("-")
    size = read_size(query)
    older, newer = (_usable(rows, order.field, tie, read_place(query.get(name, ""))) for name in PLACES)

    if newer is not None:
        found = list(_from_place(rows, order.field, tie, newer, downwards=not downwards)[: size + 1])
        shown = found[:size][::-1]
        has_newer, has_older = len(found) > size, True
    else:
        found = list(_from_place(rows, order.field, tie, older, downwards=downwards)[: size + 1])
        shown = found[:size]
        has_newer, has_older = older is not None, len(found) > size
    return Page(
        rows=shown,
        newer=place_of(shown[0], order.field, tie) if shown and has_newer else None,
        older=place_of(shown[-1], order.field, tie) if shown and has_older else None,
        sort=sort,
        size=size,
        orders=tuple(orders),
    )


def is_opening(query: QueryDict) -> bool:
    """Whether an address asks for the page with which a list opens."""
    return not any(name in query for name in ("sort", "size", *PLACES))


def opening_rows(rows: QuerySet[Any], order: Order, *, tie: str = "id") -> QuerySet[Any]:
    """Those of the page with which a list opens, and one row more, where it is sorted downwards."""
    return _from_place(rows, order.field, tie, None, downwards=True)[: USUAL_SIZE + 1]


def opening_page(found: Sequence[Any], orders: Sequence[Order], order: Order, *, tie: str = "id") -> Page:
    """The page of these `opening_rows`, as `read_page` gives it."""
    shown = list(found[:USUAL_SIZE])
    older = place_of(shown[-1], order.field, tie) if len(found) > USUAL_SIZE else None
    return Page(rows=shown, newer=None, older=older, sort=f"-{order.name}", size=USUAL_SIZE, orders=tuple(orders))


def read_size(query: QueryDict) -> int:
    text = query.get("size", "")
    return int(text) if text in map(str, SIZES) else USUAL_SIZE


def place_of(row: Model, field: str, tie: str) -> str:
    """Where a row stands, as the address of the next page says it."""
    return f"{_written(_value(row, field))}_{_value(row, tie)}"


def read_place(text: str) -> tuple[Any, Any] | None:
    """None when the text is no place: then the list begins at its beginning."""
    value, separator, identifier = text.rpartition("_")
    if not separator:
        return None
    try:
        return _read(value), _read_identifier(identifier)
    except ValueError:
        return None


def _usable(rows: QuerySet[Any], field: str, tie: str, place: tuple[Any, Any] | None) -> tuple[Any, Any] | None:
    """The place, unless it is one of another order: then the list begins at its beginning."""
    if place is None:
        return None
    try:
        _from_place(rows, field, tie, place, downwards=True)
    except (TypeError, ValueError, ValidationError):
        return None
    return place


def _from_place(
    rows: QuerySet[Any], field: str, tie: str, place: tuple[Any, Any] | None, *, downwards: bool
) -> QuerySet[Any]:
    sign, beyond = ("-", "lt") if downwards else ("", "gt")
    rows = rows.order_by(f"{sign}{field}", f"{sign}{tie}")
    if place is None:
        return rows
    value, identifier = place
    return rows.filter(Q(**{f"{field}__{beyond}": value}) | Q(**{field: value, f"{tie}__{beyond}": identifier}))


def _value(row: Any, field: str) -> Any:
    for part in field.split("__"):
        row = row[part] if isinstance(row, dict) else getattr(row, part)
    return row


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return f"t{format_time(value)}"
    if isinstance(value, bool | int | float):
        return f"n{float(value)!r}" if isinstance(value, float) else f"i{int(value)}"
    return f"s{value}"


def _read(text: str) -> Any:
    kind, rest = text[:1], text[1:]
    if kind == "t":
        return parse_time(rest)
    if kind == "n":
        return float(rest)
    if kind == "i":
        return int(rest)
    if kind == "s":
        return rest
    raise ValueError(text)


def _read_identifier(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() else UUID(text)
