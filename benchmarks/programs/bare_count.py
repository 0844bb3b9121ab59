"""The least that an ASGI application can do and still count: it reads the body, asks the database, and answers.

`BARE_DATABASE` is a file of SQLite's, or the URL of a PostgreSQL, in which `benchmarks/limits/bare_count.py` has made
the tables.
"""

from __future__ import annotations

import os
import sqlite3

import psycopg

_PLACE = os.environ["BARE_DATABASE"]
_COUNT = (
    "SELECT count(*) FROM bare_run WHERE state_type = 'COMPLETED'"
    " AND id IN (SELECT run_id FROM bare_tag WHERE tag = 'north')"
)
_file = None if "://" in _PLACE else sqlite3.connect(_PLACE, isolation_level=None)
_idle: list[psycopg.AsyncConnection] = []


async def application(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    body = str(await _count()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _count():
    if _file is not None:
        return _file.execute(_COUNT).fetchone()[0]
    connection = _idle.pop() if _idle else await psycopg.AsyncConnection.connect(_PLACE, autocommit=True)
    [[count]] = await (await connection.execute(_COUNT, prepare=True)).fetchall()
    _idle.append(connection)
    return count
