"""A limit: a view that does nothing but count as many rows of two tables, which have no more columns than it needs."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from benchmarks.databases import Database
from benchmarks.driving.connections import CONNECTIONS, request, send
from benchmarks.given.many_runs import COMPLETED, RUNS, TAG
from benchmarks.limits.serving import serving
from benchmarks.row import Sample

_TABLES = (
    "CREATE TABLE bare_run (id {id} PRIMARY KEY, state_type text NOT NULL)",
    "CREATE INDEX bare_run_state ON bare_run (state_type)",
    "CREATE TABLE bare_tag (tag text, run_id {id}, UNIQUE (tag, run_id))",
)


def counted(database: Database, items: int) -> Sample:
    """Of ten times as many requests, as each takes so little. Every answer has to be right."""
    with _filled(database) as place, serving("bare_count", BARE_DATABASE=place) as url:
        ask, right = request(url, {}), str(COMPLETED).encode()
        send(url, [[ask] for _ in range(CONNECTIONS * 4)], status=200)
        load = send(url, [[ask] for _ in range(items * 10)], status=200, check=lambda body: body == right)
        return {"requests": load.requests_per_second, "p95": load.p95_ms}


@contextmanager
def _filled(database: Database) -> Iterator[str]:
    """Where the tables are."""
    if not database.urls:
        with tempfile.TemporaryDirectory(prefix="bench-limit-") as home:
            path = Path(home) / "limit.db"
            with closing(sqlite3.connect(path)) as file, file:
                _fill(lambda sql, *values: file.execute(sql.replace("%s", "?"), values), id_type="char(32)")
            yield str(path)
        return
    place = f"{database.urls['ours'].rpartition('/')[0]}/postgres"
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare_run, bare_tag")
        _fill(lambda sql, *values: connection.execute(sql, values), id_type="uuid")
        connection.execute("ANALYZE")
    yield place


def _fill(execute: Callable[..., object], *, id_type: str) -> None:
    for statement in _TABLES:
        execute(statement.format(id=id_type))
    for number in range(RUNS):
        run_id = uuid4().hex
        execute("INSERT INTO bare_run VALUES (%s, %s)", run_id, "COMPLETED" if number < COMPLETED else "FAILED")
        execute("INSERT INTO bare_tag VALUES (%s, %s)", TAG, run_id)
