"""Reading specimens from PostgreSQL, and loading copies into it: COPY both ways, and indexes made afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.filling.copies import Copy, Cut, Part, Row

PROCESSES = 2  # that write copies at once, and that make indexes
_COPIES_AT_ONCE = 500
_MEMORY = "SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 0"
_NULL = "\\N"


def read_rows(url: str, table: str, columns: Sequence[str], key: str, keys: Sequence[Any]) -> list[Row]:
    """As COPY tells them: texts, escaped."""
    wanted = sql.SQL("COPY (SELECT {} FROM {} WHERE {} IN ({}) ORDER BY {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(table),
        sql.Identifier(key),
        sql.SQL(", ").join(sql.Literal(str(each)) for each in keys),
        sql.Identifier(key),
    )
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        with cursor.copy(wanted) as copy:
            told = b"".join(copy).decode()
    return [tuple(line.split("\t")) for line in told.splitlines()]


def write_copies(url: str, copies: Iterable[tuple[Part, Copy]]) -> None:
    """Without a look at foreign keys: the rows refer to each other, and to rows that are there."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        for batch in _batches(copies, _COPIES_AT_ONCE):
            lines: dict[tuple[str, tuple[str, ...]], list[str]] = {}
            for part, copy in batch:
                values = part.values_of(copy)
                for key, text in _texts_of(part):
                    lines.setdefault(key, []).append(text % values)
            for (table, columns), texts in lines.items():
                command = sql.SQL("COPY {} ({}) FROM STDIN").format(
                    sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
                )
                with cursor.copy(command) as target:
                    target.write("".join(texts))


@contextmanager
def in_haste(url: str) -> Iterator[None]:
    """Nothing waits for the disk while this lasts."""
    with psycopg.connect(url, autocommit=True) as connection:
        for setting, value in _WHILE_LOADING.items():
            connection.execute(f"ALTER SYSTEM SET {setting} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")
    yield
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in _WHILE_LOADING:
            connection.execute(f"ALTER SYSTEM RESET {setting}")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")


@contextmanager
def without_indexes(url: str, tables: Sequence[str]) -> Iterator[None]:
    """Only primary keys stay while this lasts; then every other index is there again, as the migrations made it."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(_INDEXES, [list(tables)]).fetchall()
        for table, index, _, constraint in found:
            if constraint:
                connection.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{index}"')
            else:
                connection.execute(f'DROP INDEX "{index}"')
    yield
    _each_in_turn(url, [definition for _, _, definition, _ in found])
    with psycopg.connect(url, autocommit=True) as connection:
        for table, index, _, constraint in found:
            if constraint:
                connection.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{index}" {constraint} USING INDEX "{index}"')


def tidy_up(url: str, tables: Sequence[str]) -> None:
    """As the database does by itself after a while."""
    _each_in_turn(url, [f'VACUUM (ANALYZE, PARALLEL 0) "{table}"' for table in tables])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def count_numbers_on(url: str, table: str, column: str) -> None:
    """The database goes on after the greatest number that there is."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT max(\"{column}\") FROM \"{table}\"))"
        )


# None of it is of use to a server: what is not on the disk when the machine fails is filled anew.
_WHILE_LOADING = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
}
_INDEXES = """
    SELECT "table".relname, index.relname, pg_get_indexdef(index.oid),
           CASE "constraint".contype WHEN 'u' THEN 'UNIQUE' END
    FROM pg_index
    JOIN pg_class AS index ON index.oid = pg_index.indexrelid
    JOIN pg_class AS "table" ON "table".oid = pg_index.indrelid
    LEFT JOIN pg_constraint AS "constraint" ON "constraint".conindid = index.oid AND "constraint".contype <> 'f'
    WHERE "table".relname = ANY (%s) AND NOT pg_index.indisprimary
    ORDER BY pg_relation_size("table".oid) DESC, index.relname
"""


def _each_in_turn(url: str, statements: Sequence[str]) -> None:
    """PROCESSES at once."""

    def execute(statement: str) -> None:
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            connection.execute(_MEMORY)
            connection.execute(statement.encode())

    with ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(execute, statements))


_known_texts: dict[int, tuple[Part, list[tuple[tuple[str, tuple[str, ...]], str]]]] = {}


def _texts_of(part: Part) -> list[tuple[tuple[str, tuple[str, ...]], str]]:
    """The lines of COPY of each table, as one text; put together once."""
    known = _known_texts.get(id(part))
    if known is None:
        lines: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for cut in part.cuts:
            lines.setdefault((cut.table, cut.columns), []).append(_line(cut))
        known = _known_texts[id(part)] = (part, [(key, "".join(texts)) for key, texts in lines.items()])
    return known[1]


def _line(cut: Cut) -> str:
    columns = [cut.texts.get(place, str(value).replace("%", "%%")) for place, value in enumerate(cut.values)]
    return "\t".join(columns) + "\n"


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
