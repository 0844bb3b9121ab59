"""A limit: rows inserted and committed, by the database's driver and nothing else.

SQLite lets one write at a time, so there is one connection, with the settings of ours; PostgreSQL has 8.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from benchmarks.databases import Database
from benchmarks.driving.connections import CONNECTIONS
from benchmarks.row import Sample

_TABLE = "(id TEXT PRIMARY KEY, name TEXT, state TEXT, body TEXT)"
_BODY = "x" * 200


def one_row_a_time(*, rows: int = 1, writes_per_item: int = 1) -> Callable[[Database, int], Sample]:
    """Or `rows` of them, in one statement and one transaction. Ten times as many as the sides write."""

    def measure(database: Database, items: int) -> Sample:
        count = items * writes_per_item * 10
        inserted = _into_postgresql if database.urls else _into_sqlite
        return {"requests": count / inserted(database, count, rows)}

    return measure


def _into_sqlite(database: Database, count: int, rows: int) -> float:
    """How many seconds it took."""
    with tempfile.TemporaryDirectory(prefix="bench-limit-") as home:
        connection = sqlite3.connect(Path(home) / "limit.db", isolation_level=None)
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;")
        connection.execute(f"CREATE TABLE bare {_TABLE}")
        statement = f"INSERT INTO bare VALUES {', '.join(['(?, ?, ?, ?)'] * rows)}"
        began = time.perf_counter()
        for number in range(count):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(statement, _values(number, rows))
            connection.execute("COMMIT")
        seconds = time.perf_counter() - began
        connection.close()
    return seconds


def _into_postgresql(database: Database, count: int, rows: int) -> float:
    place = f"{database.urls['ours'].rpartition('/')[0]}/postgres"
    statement = f"INSERT INTO bare VALUES {', '.join(['(%s, %s, %s, %s)'] * rows)}"
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute(f"CREATE TABLE bare {_TABLE}")

    def insert(first: int) -> None:
        with psycopg.connect(place) as connection:
            for number in range(first, count, CONNECTIONS):
                connection.execute(statement, _values(number, rows), prepare=True)
                connection.commit()

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(insert, range(CONNECTIONS)))
    return time.perf_counter() - began


def _values(number: int, rows: int) -> list[str]:
    return [value for row in range(rows) for value in (f"{number}-{row}", "bench", "COMPLETED", _BODY)]
