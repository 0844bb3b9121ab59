"""Rows counted as a database does it fastest: of several parts at once, or in groups, of no more than so many.

Django counts groups of whole tables only: it has the keys of the first rows looked up, and each row once more by its
key, which takes several times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Func, IntegerField, QuerySet


def count_groups(*parts: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """The columns of every group of rows that are the same, and how many there are. One query.

    Each part is a `values_list` of as many columns, all of numbers, texts and truth values, which may be sliced. The
    groups of one part are not put together with those of another.
    """
    return _found_together(parts, in_groups)


def count_together(*parts: QuerySet[Any, Any]) -> int:
    """The rows of all parts, of which each reads an index alone. At most one query."""
    found = _found_together([number_of(part) for part in parts], lambda sql, part: sql)
    return sum(number for (number,) in found)


def number_of(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """One row that says how many these are. To Django an aggregate would be a reason to group them."""
    return rows.order_by().values_list(Func(template="COUNT(*)", output_field=IntegerField()))


def in_groups(sql: str, part: QuerySet[Any, Any]) -> str:
    """The statement of a part as one that counts its groups."""
    width = len(part.query.values_select) + len(part.query.annotation_select)
    places = ", ".join(str(place) for place in range(1, width + 1))
    return f"SELECT looked_at.*, COUNT(*) FROM ({sql}) AS looked_at GROUP BY {places}"


def _found_together(
    parts: Iterable[QuerySet[Any, Any]], written: Callable[[str, QuerySet[Any, Any]], str]
) -> list[tuple[Any, ...]]:
    """The rows of all parts. `written` makes the statement of a part from its SQL."""
    statements: list[str] = []
    given: list[Any] = []
    for part in parts:
        try:
            sql, params = part.query.sql_with_params()
        except EmptyResultSet:  # no row can fit
            continue
        statements.append(written(sql, part))
        given += params
    if not statements:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(statements), given)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
