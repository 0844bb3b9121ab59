"""Tables that runs made, as people read them: sorted, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.http import QueryDict

SIZE = 50  # rows of one page
MOST_COLUMNS = 200
MOST_CELL = 300  # characters of a cell that a page shows


@dataclass(frozen=True, slots=True)
class Table:
    """All of it. A cell that a row lacks is None."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Heading:
    name: str
    number: int
    direction: str  # "ascending", "descending", "none"

    @property
    def by(self) -> str:
        """What the address says to sort by it, the other way when it is sorted by already."""
        return f"-{self.number}" if self.direction == "ascending" else f"{self.number}"


@dataclass(frozen=True, slots=True)
class TablePage:
    headings: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]
    first: int  # the number of the first row shown, from 1
    total: int
    number: int  # of this page, from 1
    pages: int

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def read_table(data: Any) -> Table | None:
    """Rows as dictionaries or lists, or a dictionary of columns, as JSON text or as values. None: it is no table."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return None
    if isinstance(data, Mapping):
        values = [_values(column) for column in data.values()]
        return Table(tuple(map(str, data))[:MOST_COLUMNS], list(zip_longest(*values[:MOST_COLUMNS])))
    if not isinstance(data, list):
        return None
    if all(isinstance(row, Mapping) for row in data):
        columns = tuple(dict.fromkeys(name for row in data for name in row))[:MOST_COLUMNS]
        return Table(columns, [tuple(row.get(name) for name in columns) for row in data])
    lists = [row if isinstance(row, list) else [row] for row in data]
    width = min(MOST_COLUMNS, max(map(len, lists)))
    return Table(tuple(map(str, range(1, width + 1))), [tuple((*row, *[None] * width)[:width]) for row in lists])


def page_of(table: Table, query: QueryDict) -> TablePage:
    """`?by=2` sorts by the second column, `?by=-2` the other way, `?page=3` is the third page."""
    by = _number(query.get("by", "").removeprefix("-"))
    is_down = query.get("by", "").startswith("-")
    rows: Sequence[tuple[Any, ...]] = table.rows
    if 1 <= by <= len(table.columns):
        rows = sorted(rows, key=lambda row: _sort_key(row[by - 1]), reverse=is_down)
    pages = max(1, -(-len(rows) // SIZE))
    number = min(max(1, _number(query.get("page", ""))), pages)
    first = (number - 1) * SIZE
    return TablePage(
        headings=tuple(
            Heading(name, place, ("descending" if is_down else "ascending") if place == by else "none")
            for place, name in enumerate(table.columns, start=1)
        ),
        rows=tuple(tuple(map(cell_words, row)) for row in rows[first : first + SIZE]),
        first=first + 1,
        total=len(rows),
        number=number,
        pages=pages,
    )


def cell_words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool | int | float):
        text = json.dumps(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MOST_CELL else f"{text[:MOST_CELL]}…"


def _sort_key(value: Any) -> tuple[int, float, str]:
    """Numbers before texts, what is missing last."""
    if value is None:
        return 2, 0.0, ""
    if isinstance(value, bool | int | float):
        with suppress(OverflowError):  # a number of more than three hundred digits is sorted as text
            return 0, float(value), ""
    return 1, 0.0, cell_words(value).casefold()


def _values(column: Any) -> Iterable[Any]:
    if isinstance(column, Mapping):
        return column.values()
    return column if isinstance(column, list) else [column]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
