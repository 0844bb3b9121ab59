"""Reading specimens from SQLite, and loading copies into it: nothing waits for the disk, indexes come afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

from benchmarks.filling.copies import Copy, Cut, Part, Row

_COPIES_AT_ONCE = 200
_STATEMENTS = 4_000  # that are kept composed: one for each row of each specimen


def read_rows(path: str, table: str, columns: Sequence[str], key: str, keys: Sequence[Any]) -> list[Row]:
    names = ", ".join(f'"{column}"' for column in columns)
    asked = f'SELECT {names} FROM "{table}" WHERE "{key}" IN ({", ".join("?" * len(keys))}) ORDER BY "{key}"'
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(asked, list(keys)).fetchall()


def write_copies(path: str, copies: Iterable[tuple[Part, Copy]]) -> None:
    with closing(sqlite3.connect(path, cached_statements=_STATEMENTS, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        left = iter(copies)
        while batch := list(islice(left, _COPIES_AT_ONCE)):
            by_part: dict[int, tuple[Part, list[dict[str, Any]]]] = {}
            for part, copy in batch:
                by_part.setdefault(id(part), (part, []))[1].append(part.values_of(copy))
            connection.execute("BEGIN")
            for part, values in by_part.values():
                for cut in part.cuts:
                    _insert(connection, cut, values)
            connection.execute("COMMIT")


@contextmanager
def in_haste(path: str) -> Iterator[None]:
    """Each connection says for itself that it does not wait for the disk."""
    yield


@contextmanager
def without_indexes(path: str, tables: Sequence[str]) -> Iterator[None]:
    """Only unique constraints stay while this lasts; then every index is there again, as the migrations made it."""
    marks = ", ".join("?" * len(tables))
    asked = f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        found = connection.execute(asked, list(tables)).fetchall()
        for name, _ in found:
            connection.execute(f'DROP INDEX "{name}"')
    yield
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        for _, definition in found:
            connection.execute(definition)


def tidy_up(path: str, tables: Sequence[str]) -> None:
    """Statistics of all tables, and one file instead of two."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _insert(connection: sqlite3.Connection, cut: Cut, values: Sequence[dict[str, Any]]) -> None:
    """What is the same in all copies is bound as it is, with its type; a text of digits becomes what its column is."""
    statement = (
        f'INSERT INTO "{cut.table}" ({", ".join(f"{chr(34)}{column}{chr(34)}" for column in cut.columns)}) '
        f"VALUES ({', '.join('?' * len(cut.columns))})"
    )
    row: list[Any] = list(cut.values)
    texts = list(cut.texts.items())

    def rows() -> Iterator[list[Any]]:
        for gaps in values:
            for place, text in texts:
                row[place] = text % gaps
            yield row

    connection.executemany(statement, rows())
