"""Pages of lists that are sorted by what is worked out of their rows, and so by no column. For short lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import QueryDict

from orchestrator.pages.keyset import Order, Page, read_page, read_size

MOST = 1_000  # rows that are looked at to sort them

T = TypeVar("T")
Key = Callable[[Any], Any]


def read_rows(
    found: QuerySet[Any],
    query: QueryDict,
    rows_of: Callable[[Sequence[Any]], list[T]],
    *,
    stored: Sequence[Order],
    keys: dict[str, Key],
    place: Callable[[T], Any],
) -> tuple[Page, list[T]]:
    """One page of a list, and its rows: by a column of `stored`, usually the name, or by what `keys` tell of a row.

    For that each row has to be looked at, so only the first MOST by name are sorted by it.
    """
    key = keys.get(query.get("sort", "").removeprefix("-"))
    if key is None:
        page = read_page(found, query, stored, usual="name")
        return page, rows_of(page.rows)
    return page_of_sorted(rows_of(list(found.order_by("name")[:MOST])), query, key, place=place, orders=stored)


def page_of_sorted(
    rows: Sequence[T], query: QueryDict, key: Key, *, place: Callable[[T], Any], orders: Sequence[Order]
) -> tuple[Page, list[T]]:
    """One page of `rows`, which are sorted as the address asks. Equals stay in the order in which they come.

    The row beside a page is its place, told by what `place` says of it. One that is gone: the list begins anew.
    """
    sort, size, start = query.get("sort", ""), read_size(query), 0
    rows = sorted(rows, key=key, reverse=sort.startswith("-"))
    places = [str(place(row)) for row in rows]
    if (older := query.get("older")) in places:
        start = places.index(older) + 1
    elif (newer := query.get("newer")) in places:
        start = max(0, places.index(newer) - size)
    shown = rows[start : start + size]
    end = start + len(shown)
    page = Page(
        rows=shown,
        newer=places[start] if shown and start else None,
        older=places[end - 1] if end < len(rows) else None,
        sort=sort,
        size=size,
        orders=tuple(orders),
    )
    return page, shown
